// endpoints.js [KEY_FILE CERTIFICATE_FILE] - an HTTP server (with files: HTTPS, HTTP/2 where the client can) that does
// what rpcsim does not, by the first part of the path; says on stdout what it was asked: "PATH HEADER VERSION". Prints
// its port first.
//   /key     answers, for the header X-Key            /proxied  the same, asked through a proxy
//   /moved/STATUS/HOST  redirects to /stolen there    /bomb, /bomb-br  200 MB of zeros, packed to 200 kB
//   /denied  401, and repeats the path in its text
const fs = require('fs');
const http = require('http');
const http2 = require('http2');
const zlib = require('zlib');
const answers = { eth_chainId: '0x7a69', eth_blockNumber: '0x64' };

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
            const brotli = path.startsWith('/bomb-br'), zeros = Buffer.alloc(200e6);
            const quick = { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } };
            response.writeHead(200, { 'content-encoding': brotli ? 'br' : 'gzip', 'content-type': 'application/json' });
            response.end(brotli ? zlib.brotliCompressSync(zeros, quick) : zlib.gzipSync(zeros));
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
