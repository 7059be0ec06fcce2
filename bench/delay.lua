-- A gate that opens late: listens on a Unix socket and answers every request
-- with 204 after a while. nginx asks it (auth_request) before it serves a
-- page, so each answer is late by that time, however many wait side by side,
-- and the bytes still come from nginx itself.
--
--   lua5.4 delay.lua SOCKET SECONDS

local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local path, seconds = arg[1], tonumber(arg[2])
local loop = cqueues.new()
local server = socket.listen { path = path, mode = "rw-rw-rw-" }

local function answer(connection)
  connection:setmode("b", "bn") -- bytes as they are, unbuffered
  repeat
    local line = connection:read("*l")
  until line == nil or line == "" or line == "\r"
  cqueues.sleep(seconds)
  connection:write("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
  connection:close()
end

loop:wrap(function()
  for connection in server:clients() do
    loop:wrap(answer, connection)
  end
end)

assert(loop:loop())
