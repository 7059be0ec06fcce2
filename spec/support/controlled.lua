--- A server of the specs' own in another process, with a connection on which
-- it is told what to do: what the page server and the fault server share in
-- the spec's process.

local process = require "spec.support.process"
local socket = require "socket"

local controlled = {}

local GUARD = 20 -- seconds; against hanging only

--- Starts what a module's `run` does, and waits for the line that `ready`
-- matches; its last capture is the port of the control connection. Returns an
-- object of the class, with `process` and `control`, and all captures.
function controlled.start(class, module, ready)
  local child = assert(process.start_lua(("require(%q).run()"):format(module), ready))
  local port = tonumber(child.captures[#child.captures])
  local self = setmetatable({ process = child, control = assert(socket.connect("127.0.0.1", port)) }, class)
  self.control:settimeout(GUARD)
  return self, table.unpack(child.captures)
end

--- Looks until `condition` is true of what is seen, and returns that; raises
-- where that takes too long.
function controlled.await(look, condition)
  local deadline = socket.gettime() + GUARD
  repeat
    local seen = look()
    if condition(seen) then return seen end
    socket.sleep(0.002)
  until socket.gettime() > deadline
  error("the server saw nothing of the kind", 3)
end

--- Ends the server and waits until it is gone; returns what it printed.
function controlled.stop(self)
  self.control:close()
  return select(2, self.process:stop("KILL"))
end

return controlled
