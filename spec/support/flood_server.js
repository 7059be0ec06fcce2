// A server that speaks TLS and HTTP/2 by hand, and answers each request with
// frames without end that say nothing.
//
//     node flood_server.js DIRECTORY FLOOD
//
// DIRECTORY holds server.pem and server.key. FLOOD is one of the names below,
// or "ok": one good answer, and nothing more.

'use strict';

const fs = require('fs');
const tls = require('tls');

const [directory, name] = process.argv.slice(2);
const PREFACE = 24; // bytes that a client begins with

const frame = (type, flags, stream, payload = Buffer.alloc(0)) => {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
};

const literal = (name, value) => // HPACK, never indexed, without Huffman codes
  Buffer.concat([Buffer.from([0x10, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)]);

const floods = {
  data: (stream) => frame(0, 0, stream),
  priority: (stream) => frame(2, 0, stream + 2, Buffer.from([0, 0, 0, 0, 1])),
  settings: () => frame(4, 0, 0, Buffer.from([0, 4, 0, 1, 0, 0])),
  ping: () => frame(6, 0, 0, Buffer.alloc(8)),
  window: () => frame(8, 0, 0, Buffer.from([0, 0, 0, 1])),
  unknown: () => frame(0x42, 0, 0),
  headers: (stream) => frame(1, 4, stream, literal(':status', '103')),
};

const OK = Buffer.from([0x88]); // :status 200

function flood(socket, piece) {
  const many = Buffer.concat(Array(Math.ceil(1e5 / piece.length)).fill(piece));
  const more = () => {
    while (!socket.destroyed && socket.write(many));
    if (!socket.destroyed) socket.once('drain', more);
  };
  more();
}

function serve(socket) {
  let input = Buffer.alloc(0);
  let begun = false;
  socket.write(frame(4, 0, 0));
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    input = Buffer.concat([input, bytes]);
    if (!begun && input.length >= PREFACE) {
      input = input.subarray(PREFACE);
      begun = true;
    }
    while (begun && input.length >= 9) {
      const length = input.readUIntBE(0, 3);
      if (input.length < 9 + length) return;
      const [type, flags, stream] = [input[3], input[4], input.readUInt32BE(5)];
      input = input.subarray(9 + length);
      if (type === 4 && !(flags & 1)) socket.write(frame(4, 1, 0));
      if (type === 1) answer(socket, stream);
    }
  });
}

function answer(socket, stream) {
  if (name === 'ok' || name === 'data') socket.write(frame(1, 4, stream, OK));
  if (name === 'ok') socket.write(frame(0, 1, stream, Buffer.from('{}')));
  else flood(socket, floods[name](stream));
}

const server = tls.createServer({
  cert: fs.readFileSync(`${directory}/server.pem`),
  key: fs.readFileSync(`${directory}/server.key`),
  ALPNProtocols: ['h2'],
}, serve);
server.on('tlsClientError', () => {});

server.listen(0, '127.0.0.1', () => console.log(`flood server: ${server.address().port}`));
