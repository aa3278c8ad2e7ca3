// The same node without some of its methods, for what must be got another way then:
//   node without.mjs URL METHOD...
// Prints "listening on HOST:PORT".
import { createServer } from 'node:http';

const [url, ...off] = process.argv.slice(2);

async function answer(text) {
  const calls = JSON.parse(text);
  const one = async (call) => {
    if (off.includes(call.method))
      return { jsonrpc: '2.0', id: call.id, error: { code: -32601, message: `the method ${call.method} does not exist/is not available` } };
    const reply = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(call) });
    return reply.json();
  };
  return JSON.stringify(Array.isArray(calls) ? await Promise.all(calls.map(one)) : await one(calls));
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', async () => {
    const body = await answer(Buffer.concat(chunks));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => console.log(`listening on 127.0.0.1:${server.address().port}`));
