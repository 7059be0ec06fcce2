// A server that keeps a record of what it received and what it applied, and
// fails as each request asks. Node's own http, https and http2 speak the
// protocols; fate_server.lua starts it and describes the plans.
//
//     node fate_server.js DIRECTORY [QUOTA]
//
// DIRECTORY holds server.pem and server.key. QUOTA is the number of requests
// after which a connection is ended: GOAWAY, or "Connection: close".

'use strict';

const fs = require('fs');
const http = require('http');
const http2 = require('http2');
const https = require('https');
const net = require('net');

const [directory, quota] = process.argv.slice(2);
const { NGHTTP2_NO_ERROR, NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM, NGHTTP2_CANCEL, NGHTTP2_HTTP_1_1_REQUIRED } =
  http2.constants;
const SETTLE = 5000; // milliseconds; a guard against hanging only

let entries, seen, gone;
let connections = []; // those of the record; reset keeps the ones that are there
let count = 0;
const open = new Set(); // connections that are there
let active = 0; // requests that have arrived and wait for their step

function reset() {
  entries = []; seen = new Map(); gone = new Set(); connections = [...open];
}
reset();

const now = () => Date.now() / 1000;

// Connections ------------------------------------------------------------

// Notes that a connection ends (or falls silent), and when that was done.
function note(connection, how) {
  connection.ends = connection.ends || { how, from: now() };
}

function over(connection) {
  if (connection.ends) connection.ends.to = connection.ends.to || now();
}

const endings = {
  // close_notify (over TLS) and FIN
  fin(connection) { connection.socket.end(() => over(connection)); },
  // FIN alone; RST where something of the client's is still unread
  cut(connection) { connection.raw.destroy(); },
  rst(connection) { connection.raw.resetAndDestroy(); },
  // what HTTP/2 servers do: GOAWAY, then the above
  goaway(connection) {
    if (connection.session) connection.session.close(() => over(connection));
    else endings.fin(connection);
  },
};

function end(connection, how) {
  if (!open.has(connection)) return;
  note(connection, how);
  endings[how](connection);
}

// Ends a connection after so many milliseconds, unless it is in use then.
function endWhenIdle(connection, how, milliseconds) {
  clearTimeout(connection.timer);
  connection.timer = setTimeout(() => {
    if (connection.active === 0) end(connection, how);
  }, milliseconds);
}

const byPort = new Map(); // of the client: connections that are there
const connectionOf = (socket) => byPort.get(socket.remotePort);

function listen(inner, name) {
  const outer = net.createServer({ noDelay: true }, (raw) => {
    const connection = { number: ++count, name, raw, socket: raw, active: 0, served: 0 };
    const port = raw.remotePort;
    connections.push(connection);
    open.add(connection);
    byPort.set(port, connection);
    raw.on('error', () => {});
    raw.on('close', () => {
      over(connection);
      clearTimeout(connection.timer);
      open.delete(connection);
      if (byPort.get(port) === connection) byPort.delete(port);
    });
    inner.emit('connection', raw);
  });
  inner.on('secureConnection', (socket) => {
    const connection = connectionOf(socket);
    if (connection) connection.socket = socket;
    socket.on('error', () => {});
  });
  inner.on('session', (session) => {
    const connection = connectionOf(session.socket);
    if (connection) connection.session = session;
    session.on('error', () => {});
  });
  for (const event of ['clientError', 'tlsClientError', 'sessionError']) {
    inner.on(event, (error, socket) => { if (socket && socket.destroy) socket.destroy(); });
  }
  inner.keepAliveTimeout = inner.requestTimeout = inner.headersTimeout = 0;
  return new Promise((resolve) => {
    outer.listen(0, '127.0.0.1', () => resolve(outer.address().port));
  });
}

// Answers ----------------------------------------------------------------

const PAGE = 3; // records of a page; every list has two pages

function page(request, id) {
  const skip = Number(new URL(request.url, 'http://x').searchParams.get('skip') || 0);
  const records = [];
  for (let i = 1; i <= PAGE; i++) records.push({ _id: `${id}-${skip + i}` });
  return {
    status: 200, body: records,
    headers: skip === 0 ? { Link: `<${request.url.split('?')[0]}?skip=${PAGE}>; rel="next"` } : {},
  };
}

// What the request asks for, done. DELETE knows what is gone.
function apply(request, id, entry) {
  switch (request.method) {
    case 'GET':
      if (/\/licenses(\?|$)/.test(request.url)) return page(request, id);
      return { status: 200, body: { _id: id, name: id } };
    case 'DELETE':
      if (gone.has(id)) return { status: 404, body: { errors: [{ code: 'invalid_ref', message: 'It is gone.' }] } };
      gone.add(id);
      entry.applied = 1;
      return { status: 204 };
    default:
      entry.applied = 1;
      return { status: request.method === 'POST' ? 201 : 200, body: { _id: id, name: id } };
  }
}

function head(response, id, answer, length) {
  const headers = { 'X-Id': id, ...answer.headers };
  if (answer.body) {
    headers['Content-Type'] = 'application/json';
    headers['Content-Length'] = length;
  }
  response.writeHead(answer.status, headers);
}

function send(response, id, answer, done) {
  const text = answer.body ? JSON.stringify(answer.body) : '';
  head(response, id, answer, Buffer.byteLength(text));
  response.end(text, done);
}

// Half of an answer, then the end of the connection.
function sendPart(response, connection, id, answer, where) {
  const text = JSON.stringify(answer.body || {});
  if (where === 'head' && !connection.session) {
    connection.socket.write('HTTP/1.1 200 OK\r\nContent-Ty', () => end(connection, 'fin'));
  } else if (where === 'head') {
    end(connection, 'fin');
  } else {
    head(response, id, { ...answer, status: 200, body: {} }, text.length + 10);
    response.write(text.slice(0, 3));
    setTimeout(() => end(connection, 'fin'), 5);
  }
}

const resets = {
  refused: NGHTTP2_REFUSED_STREAM, internal: NGHTTP2_INTERNAL_ERROR, cancel: NGHTTP2_CANCEL,
  h11: NGHTTP2_HTTP_1_1_REQUIRED,
};

// One step of a plan: NAME, "+" where the work is done before the failure,
// "@MS" before anything is done, "~MS" and "=MS" until the connection is
// ended when idle, by close_notify and FIN or by FIN alone.
function take(text) {
  const [, name, applied, delay, mark, idle] = /^([a-z0-9]+)(\+?)(?:@(\d+))?(?:([~=])(\d+))?$/.exec(text);
  return {
    name, applied: applied === '+', delay: Number(delay || 0),
    idle: mark && { how: mark === '=' ? 'cut' : 'fin', milliseconds: Number(idle) },
  };
}

function act(request, response, entry, connection, step) {
  const stream = connection.session && response.stream;
  if (stream && (stream.destroyed || connection.session.destroyed)) return; // the client has gone
  const id = entry.id;
  let name = step.name;
  if (name in resets && !stream) name = 'ok'; // no such thing in HTTP/1.1
  entry.acted = name;
  const finished = () => { entry.done = now(); };
  if (name === 'undone' && stream) { // GOAWAY that leaves this stream out
    note(connection, 'goaway');
    connection.session.goaway(NGHTTP2_NO_ERROR, stream.id - 2);
    return setTimeout(() => end(connection, 'cut'), 20);
  }
  if (name === 'undone') return end(connection, 'cut');
  const answer = name === 'ok' || name === 'goaway' || step.applied ? apply(request, id, entry) : { status: 200 };
  if (name === 'ok' || name === 'goaway') {
    const last = name === 'goaway' || (quota && connection.served >= quota);
    if (last && !stream) response.shouldKeepAlive = false;
    send(response, id, answer, finished);
    if (last && stream) end(connection, 'goaway');
    if (step.idle) endWhenIdle(connection, step.idle.how, step.idle.milliseconds);
  } else if (/^\d+$/.test(name)) {
    send(response, id, {
      status: Number(name), body: { errors: [{ code: 'planned', message: 'As planned.' }] },
    }, finished);
    if (step.idle) endWhenIdle(connection, step.idle.how, step.idle.milliseconds);
  } else if (name in endings) {
    end(connection, name);
  } else if (name === 'head' || name === 'body') {
    sendPart(response, connection, id, answer, name);
  } else if (name === 'silent') {
    connection.silent = true;
    connection.ends = connection.ends || { how: 'silent', from: now() };
  } else {
    stream.close(resets[name]);
  }
}

// The record -------------------------------------------------------------

function serve(request, response) {
  const connection = connectionOf(request.socket || request.stream.session.socket);
  if (!connection) return;
  const id = request.headers['x-id'] || '';
  const key = `${id} ${request.url}`;
  const plan = (request.headers['x-plan'] || 'ok').split(',');
  clearTimeout(connection.timer);
  connection.active++;
  connection.served++;
  response.on('close', () => { connection.active--; });
  response.on('error', () => {});
  request.on('error', () => {});
  request.resume();
  request.on('end', () => {
    const n = seen.get(key) || 0;
    const text = plan[Math.min(n, plan.length - 1)];
    const entry = {
      id, method: request.method, target: request.url, step: text, applied: 0, time: now(),
      protocol: request.headers['x-front'] || `HTTP/${request.httpVersion}`, connection: connection.number,
    };
    seen.set(key, n + 1);
    entries.push(entry);
    if (connection.silent) return; // nobody listens any more
    const step = take(text);
    active++;
    setTimeout(() => {
      active--;
      if (!connection.silent && open.has(connection)) act(request, response, entry, connection, step);
    }, step.delay);
  });
}

function record() {
  return {
    entries,
    connections: connections.map(({ number, name, ends }) => ({ number, name, ends })),
  };
}

// Answers when all that was sent has been seen: with `closed`, when every
// connection is closed; else when no request waits for its step.
function whenSettled(closed, done) {
  const from = Date.now();
  (function look() {
    if ((active === 0 && (!closed || open.size === 0)) || Date.now() - from > SETTLE) {
      for (const connection of closed ? open : []) connection.raw.destroy();
      return done();
    }
    setTimeout(look, 2);
  })();
}

function control(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://x');
  if (pathname === '/reset') reset();
  whenSettled(searchParams.has('closed'), () => response.end(JSON.stringify(record())));
}

async function main() {
  const pair = { key: fs.readFileSync(`${directory}/server.key`), cert: fs.readFileSync(`${directory}/server.pem`) };
  const ports = [
    await listen(http.createServer(serve), 'http'),
    await listen(https.createServer(pair, serve), 'https'),
    await listen(http2.createSecureServer({ ...pair, allowHTTP1: true }, serve), 'http2'),
  ];
  const server = http.createServer(control).listen(0, '127.0.0.1', () => {
    console.log(`fate server: ${ports.join(' ')} ${server.address().port}`);
  });
}

main();
