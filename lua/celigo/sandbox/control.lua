--- Requests of a script to a sandbox that it has started: rules, reset,
-- journal. One connection each; LuaSocket and lua-cjson are there, since the
-- sandbox needs them.

local TIMEOUT = 300 -- seconds for each step: a reset of many records takes a while

local control = {}

local function receive(sock)
  local bytes, message, partial = sock:receive "*a"
  bytes = bytes or partial
  local status, body = (bytes or ""):match "^HTTP/1%.1 (%d%d%d).-\r\n\r\n(.*)$"
  if not status then error("celigo.sandbox: no answer from the sandbox: " .. tostring(message), 0) end
  return tonumber(status), body
end

--- Sends a request to one of the sandbox's own paths. Returns the status and
-- the answer's value (nil if it has no body). Raises if there is no answer.
function control.request(host, port, method, path, value)
  local cjson, socket = require("cjson").new(), require "socket"
  local body = value and cjson.encode(value) or ""
  local sock, message = socket.connect(host, port)
  if not sock then error(("celigo.sandbox: cannot reach the sandbox at %s:%d: %s"):format(host, port, message), 0) end
  sock:settimeout(TIMEOUT)
  -- HTTP/1.0: the answer ends with the connection.
  sock:send(("%s %s HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s"):format(method, path, #body, body))
  local good, status, text = pcall(receive, sock)
  sock:close()
  if not good then error(status, 0) end
  return status, text ~= "" and cjson.decode(text) or nil
end

return control
