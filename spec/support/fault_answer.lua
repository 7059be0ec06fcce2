--- One answer of the fault server: the bytes that a step asks for, and how
-- they are sent. The steps are described in fault_server.lua.

local http = require "celigo.sandbox.http"
local loop = require "celigo.sandbox.loop"

local answer = {}

local function header_lines(headers)
  local lines = {}
  for name, value in pairs(headers or {}) do
    if type(value) == "table" then -- an array of { name, value }
      lines[#lines + 1] = value[1] .. ": " .. value[2] .. "\r\n"
    else
      lines[#lines + 1] = name .. ": " .. value .. "\r\n"
    end
  end
  return table.concat(lines)
end

local function chunks(body, size)
  local parts = {}
  for pos = 1, #body, size do
    local piece = body:sub(pos, pos + size - 1)
    parts[#parts + 1] = ("%x\r\n%s\r\n"):format(#piece, piece)
  end
  return table.concat(parts) .. "0\r\n\r\n"
end

local function head(step, framing)
  local status = math.tointeger(step.status or 200)
  local early = ("HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n")
    :rep(math.tointeger(step.informational or 0))
  local filler = {}
  for i = 1, step.header_count or 0 do
    filler[i] = ("X-Filler-%d: x\r\n"):format(i)
  end
  if step.header_bytes then
    filler[#filler + 1] = "X-Huge: "
      .. ("h"):rep(math.tointeger(step.header_bytes)) .. "\r\n"
  end
  return early, ("HTTP/1.1 %d %s\r\n"):format(
    status, http.reasons[status] or "Some Reason")
    .. header_lines(step.headers) .. table.concat(filler)
    .. framing .. "\r\n"
end

-- Where each named place in a whole answer is, as a count of bytes before it.
local function places(early, headed, body)
  local line = #headed:match("^[^\n]*\n")
  return {
    start = 0,
    status = #early + line - 6,
    headers = #early + line + (#headed - line) // 2,
    body = #early + #headed + #body // 2,
  }
end

-- The bytes of a step's answer, and its places.
local function format(step)
  if step.raw then return step.raw, { start = 0, body = #step.raw // 2 } end
  local body, framing = step.body or "", ""
  if step.chunked then
    framing = "Transfer-Encoding: chunked\r\n"
    body = chunks(body, math.tointeger(step.chunked))
  elseif not step.unframed and step.status ~= 204 then
    framing = ("Content-Length: %d\r\n"):format(
      math.tointeger(step.length or #body))
  end
  local early, headed = head(step, framing)
  return early .. headed .. body, places(early, headed, body)
end

local function send(connection, entry, bytes)
  local ok, _, sent = connection:send(bytes)
  entry.sent = entry.sent + (ok and #bytes or sent)
  entry.gone = entry.gone or not ok
  return ok
end

-- Waits, for so many seconds or (true) until the client goes away.
local function stall(connection, entry, seconds)
  local deadline = seconds ~= true and loop.now() + seconds or nil
  repeat
    local _, err = connection:receive(deadline)
    entry.gone = entry.gone or err == "closed"
  until err
  return not entry.gone
end

local function drip(connection, entry, bytes, seconds)
  for i = 1, #bytes do
    if not send(connection, entry, bytes:sub(i, i)) then return false end
    -- not after the last: what comes then is the next request
    if i < #bytes and not stall(connection, entry, seconds) then return false end
  end
  return true
end

-- Sends an array that holds nothing but `size` bytes of white space.
local function send_fill(connection, entry, step)
  local size = math.tointeger(step.fill)
  local _, headed = head(step, "Connection: close\r\n")
  if not send(connection, entry, headed .. "[") then return end
  local piece = (" "):rep(65536)
  while size > 0 do
    local bytes = size < #piece and piece:sub(1, size) or piece
    if not send(connection, entry, bytes) then return end
    size = size - #bytes
  end
  send(connection, entry, "]")
end

-- Sends the body in one chunk, and trailer fields of so many bytes.
local function send_trailers(connection, entry, step)
  local early, headed = head(step, "Transfer-Encoding: chunked\r\n")
  local start = ("%s%s%x\r\n%s\r\n0\r\n"):format(early, headed, #step.body, step.body)
  if not send(connection, entry, start) then return false end
  local piece = "X-Trailer: x\r\n"
  local many = math.tointeger(step.trailers) // #piece
  while many > 0 do
    local n = math.min(many, 5000)
    if not send(connection, entry, piece:rep(n)) then return false end
    many = many - n
  end
  return send(connection, entry, "\r\n")
end

-- Packs the low bits of numbers, each { bits, count }, as deflate does.
local function pack_bits(list)
  local bytes, acc, have = {}, 0, 0
  for _, item in ipairs(list) do
    acc = acc | item[1] << have
    have = have + item[2]
    while have >= 8 do
      bytes[#bytes + 1] = string.char(acc & 0xFF)
      acc, have = acc >> 8, have - 8
    end
  end
  assert(have == 0, "bits are left over")
  return table.concat(bytes)
end

-- Huffman codes are packed from their highest bit on.
local function reversed(code, count)
  local bits = 0
  for _ = 1, count do
    bits, code = bits << 1 | code & 1, code >> 1
  end
  return { bits, count }
end

local RUN = 258       -- bytes, the longest copy that deflate has
local CYCLE = 8 * RUN -- bytes; eight copies are 13 bytes of code

-- gzip that decodes to `[` and white space without end: fixed Huffman codes,
-- 13 bits for a copy of 258 bytes from one byte back.
local function bomb_parts()
  local copy, cycle = { reversed(197, 8), reversed(0, 5) }, {}
  for _ = 1, 8 do
    cycle[#cycle + 1] = copy[1]
    cycle[#cycle + 1] = copy[2]
  end
  -- A block of fixed codes, `[`, a space and its first copies: 32 bits.
  local start = {
    { 1, 1 }, { 1, 2 }, reversed(0x30 + ("["):byte(), 8),
    reversed(0x30 + (" "):byte(), 8), copy[1], copy[2],
  }
  return "\x1F\x8B\x08\0\0\0\0\0\0\xFF" .. pack_bits(start),
    pack_bits(cycle)
end

-- Sends a gzip body that decodes to at least step.bomb bytes, and stops
-- there without an end.
local function send_bomb(connection, entry, step)
  local _, headed = head(step, "Content-Encoding: gzip\r\n"
    .. "Connection: close\r\n")
  local start, cycle = bomb_parts()
  if not send(connection, entry, headed .. start) then return end
  local PER_PIECE = 5000
  local piece = cycle:rep(PER_PIECE)
  for _ = 1, math.ceil(step.bomb / (CYCLE * PER_PIECE)) do
    if not send(connection, entry, piece) then return end
  end
end

--- Answers by a step; `entry` learns `sent` (bytes that the system took) and
-- `gone` (the client left before the end). Returns whether the connection
-- may be kept.
function answer.send(connection, entry, step)
  entry.sent = 0
  if step.fill then
    send_fill(connection, entry, step)
    return false
  elseif step.bomb then
    send_bomb(connection, entry, step)
    return false
  elseif step.trailers then
    return send_trailers(connection, entry, step)
  end
  local bytes, place = format(step)
  if step.cut then bytes = bytes:sub(1, math.tointeger(place[step.cut] or step.cut)) end
  if step.drip then return drip(connection, entry, bytes, step.drip) end
  if step.stall then
    local at = math.tointeger(place[step.stall_at or "start"]
      or step.stall_at)
    if not send(connection, entry, bytes:sub(1, at))
      or not stall(connection, entry, step.stall) then
      return false
    end
    bytes = bytes:sub(at + 1)
  end
  return send(connection, entry, bytes)
end

return answer
