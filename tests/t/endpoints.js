// endpoints.js [KEY_FILE CERTIFICATE_FILE] - an HTTP server (with files: HTTPS, HTTP/2 where the client can) that does
// what rpcsim does not, by the first part of the path; says on stdout what it was asked: "PATH HEADER VERSION". Prints
// its port first.
//   /key     answers, for the header X-Key            /proxied  the same, asked through a proxy
//   /moved/STATUS/HOST  redirects to /stolen there    /bomb, /bomb-br, /bomb-zstd  200 MB of zeros, packed
//   /zstd    the answer in zstd, if the client takes it   /denied  401, and repeats the path in its text
//   /broken/reset, /broken/goaway  the first time the stream, or the connection, ends in the middle (HTTP/2)
const fs = require('fs');
const http = require('http');
const http2 = require('http2');
const zlib = require('zlib');
const answers = { eth_chainId: '0x7a69', eth_blockNumber: '0x64' };

// A zstd frame with a window of 128 KiB. A block of type 0 is bytes as they are, of type 1 one byte many times.
function zstd(blocks) {
    const parts = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38])];
    blocks.forEach(({ type, size, bytes }, i) => {
        const head = size << 3 | type << 1 | (i === blocks.length - 1);
        parts.push(Buffer.from([head & 255, head >> 8 & 255, head >> 16]), bytes);
    });
    return Buffer.concat(parts);
}

const bombs = {
    gzip: () => zlib.gzipSync(Buffer.alloc(200e6)),
    br: () => zlib.brotliCompressSync(Buffer.alloc(200e6), { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }),
    zstd: () => zstd(Array(1600).fill({ type: 1, size: 131072, bytes: Buffer.from([0]) })),
};

const broken = new Set();
function answer(request, response) {
    let body = '';
    request.on('data', part => { body += part; });
    request.on('end', () => {
        const path = request.url.replace(/^http:\/\/[^/]*/, '');
        console.log(request.url, request.headers['x-key'], request.httpVersion);
        const call = JSON.parse(body || '{}');
        const json = value => JSON.stringify({ jsonrpc: '2.0', id: call.id, ...value });
        if (path.startsWith('/moved')) {
            const [, , status, host] = path.split('/');
            response.writeHead(Number(status), { location: 'http://' + host + ':' + server.address().port + '/stolen' });
            response.end();
        } else if (path.startsWith('/bomb')) {
            const encoding = path.split('-')[1] || 'gzip';
            response.writeHead(200, { 'content-encoding': encoding, 'content-type': 'application/json' });
            response.end(bombs[encoding]());
        } else if (path.startsWith('/broken') && !broken.has(path)) { // once
            broken.add(path);
            response.write('{"jsonrpc":');
            setImmediate(() => path.endsWith('goaway') ? request.stream.session.destroy() : request.stream.close(2));
        } else if (path.startsWith('/zstd')) {
            const bytes = Buffer.from(json({ result: answers[call.method] }));
            const taken = /zstd/.test(request.headers['accept-encoding']);
            response.writeHead(200, taken ? { 'content-encoding': 'zstd' } : {});
            response.end(taken ? zstd([{ type: 0, size: bytes.length, bytes }]) : bytes);
        } else if (path.startsWith('/denied')) {
            response.writeHead(401);
            response.end(json({ error: { code: -32000, message: 'invalid api key in ' + path } }));
        } else {
            response.end(json({ result: answers[call.method] }));
        }
    });
}

const [key, cert] = process.argv.slice(2);
const server = key
    ? http2.createSecureServer({ key: fs.readFileSync(key), cert: fs.readFileSync(cert), allowHTTP1: true }, answer)
    : http.createServer(answer);
server.listen(0, '127.0.0.1', function () { console.log('listening on 127.0.0.1:' + this.address().port); });
