// An HTTP server that does what rpcsim does not, by the first part of the path; says on stdout what it
// was asked: "PATH HEADER". Prints its port first.
//   /key     answers, for the header X-Key            /proxied  the same, asked through a proxy
//   /moved   redirects to /stolen                     /bomb     200 MB of zeros, gzipped to 200 kB
//   /denied  401, and repeats the path in its text
const http = require('http');
const zlib = require('zlib');
const answers = { eth_chainId: '0x7a69', eth_blockNumber: '0x64' };

const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', part => { body += part; });
    request.on('end', () => {
        const path = request.url.replace(/^http:\/\/[^/]*/, '');
        console.log(request.url, request.headers['x-key']);
        const call = JSON.parse(body || '{}');
        const json = value => JSON.stringify({ jsonrpc: '2.0', id: call.id, ...value });
        if (path.startsWith('/moved')) {
            response.writeHead(307, { location: 'http://localhost:' + server.address().port + '/stolen' });
            response.end();
        } else if (path.startsWith('/bomb')) {
            response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json' });
            response.end(zlib.gzipSync(Buffer.alloc(200e6)));
        } else if (path.startsWith('/denied')) {
            response.writeHead(401);
            response.end(json({ error: { code: -32000, message: 'invalid api key in ' + path } }));
        } else {
            response.end(json({ result: answers[call.method] }));
        }
    });
}).listen(0, '127.0.0.1', function () { console.log('listening on 127.0.0.1:' + this.address().port); });
