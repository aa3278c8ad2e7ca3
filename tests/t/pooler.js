// pooler.js SOCKET SERVER_SOCKET - stands before PostgreSQL as a pooler does: clients are told of a server process
// that there is none. Says "ready" once it listens.
const net = require('net');
const [, , socket, server] = process.argv;

net.createServer((client) => {
    const database = net.connect(server);
    let begun = Buffer.alloc(0);
    const begin = (bytes) => { // up to BackendKeyData: K, 12, process, key
        begun = Buffer.concat([begun, bytes]);
        for (let at = 0; at + 5 <= begun.length; at += 1 + begun.readInt32BE(at + 1)) {
            if (begun[at] !== 0x4b || at + 13 > begun.length) continue;
            begun.writeInt32BE(begun.readInt32BE(at + 5) + 1, at + 5);
            client.write(begun);
            database.off('data', begin);
            database.pipe(client);
            return;
        }
    };
    database.on('data', begin);
    client.pipe(database);
    for (const end of [client, database]) end.on('error', () => { client.destroy(); database.destroy(); });
}).listen(socket, () => console.log('ready'));
