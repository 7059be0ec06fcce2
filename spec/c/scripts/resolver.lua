-- Calls whose host name is never resolved: they end by deadline, cancel, close
-- and a hook. lookups() tells how many lookups have begun, and how many ended.

local celigo = require "celigo"
local function connect(options)
  options.token, options.max_retries = "token", 0
  options.base_url = "https://resolver.example"
  return celigo.new(options)
end
local function begin(client)
  local before = lookups()
  local call = client:submit "list_connectors"
  while lookups() == before do client:step(0.01) end
  return call
end

-- The sockets that a program which is started now has open.
local function descriptors()
  local pipe <close> = assert(io.popen "ls -l /proc/self/fd 2>/dev/null")
  local sockets = 0
  for line in pipe:lines() do
    if line:find("socket:", 1, true) then sockets = sockets + 1 end
  end
  return sockets
end
local before = descriptors()

local client = connect { timeout = 0.2 }
local _, err = client:list_connectors()
assert(err.kind == "timeout" and not err.maybe_applied, tostring(err))
client = connect { connect_timeout = 0.2 }
_, err = client:list_connectors()
assert(err.code == "connect_timed_out", tostring(err))
client = connect {}
local call = begin(client)
local during = descriptors()
call:cancel()
_, err = call:result()
assert(err.kind == "cancelled", tostring(err))
assert(during == before, ("%d and %d sockets"):format(before, during))
call = begin(client)
client:close()
_, err = call:result()
assert(err.kind == "closed", tostring(err))
client = connect {}
debug.sethook(function()
  debug.sethook()
  error("enough", 0)
end, "", 1000000)
local good, message = pcall(client.list_connectors, client)
assert(not good and message == "enough")
local asked, answered = lookups()
assert(asked >= 4 and answered == 0)
