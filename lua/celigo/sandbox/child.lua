--- A sandbox in a child process: how a script starts one, and what runs in
-- the child. Plain Lua, a POSIX shell and `mkfifo`.
--
-- The child's standard input is a pipe from the parent that nothing is ever
-- written to: it ends when the parent ends, in whatever way, and the child
-- ends with it. The child's first words come back through a named pipe; the
-- shell opens it before the interpreter starts, so that the parent reads an
-- end of file, and does not wait for ever, if that fails.

local control = require "celigo.sandbox.control"
local faults = require "celigo.sandbox.faults"

local child = {}

local Sandbox = {}
Sandbox.__index = Sandbox
Sandbox.__name = "celigo.sandbox"

local ANNOUNCEMENT = "^celigo sandbox: listening on (http://.+)$"

-- A word of a shell command.
local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- A Lua expression for a table of strings, numbers, booleans and such
-- tables.
local function literal(value)
  if type(value) ~= "table" then return ("%q"):format(value) end
  local parts = {}
  for key, item in pairs(value) do parts[#parts + 1] = ("[%q]=%s"):format(key, literal(item)) end
  return "{" .. table.concat(parts, ",") .. "}"
end

-- The interpreter that runs this script: the word before all its options.
local function interpreter()
  local words = type(arg) == "table" and arg or {}
  local first = 0
  while type(words[first - 1]) == "string" do first = first - 1 end
  if first < 0 then return words[first] end
  local versioned = "lua" .. _VERSION:match "%d%.%d"
  return os.execute(("command -v %s >/dev/null 2>&1"):format(versioned)) and versioned or "lua"
end

local function command(options, fifo)
  local code = ("package.path=%q package.cpath=%q require('celigo.sandbox.child').run(%s)"):format(
    package.path, package.cpath, literal(options))
  return ("exec >%s; echo $$; exec %s -e %s"):format(
    quote(fifo), quote(options.lua or interpreter()), quote(code))
end

local function make_fifo()
  local path = os.tmpname()
  os.remove(path)
  if not os.execute("mkfifo -m 600 " .. quote(path)) then
    error("celigo.sandbox: cannot make a named pipe at " .. path, 0)
  end
  return path
end

--- Starts a child with checked options and waits until it listens. Raises
-- where it does not come up.
function child.start(options)
  local fifo = make_fifo()
  local pipe = assert(io.popen(command(options, fifo), "w"))
  local output <close> = assert(io.open(fifo, "r"))
  os.remove(fifo)
  local self = setmetatable({
    pipe = pipe, pid = math.tointeger(tonumber(output:read "l" or "")),
  }, Sandbox)
  local line = output:read "l" or "the process ended at once"
  self.url = line:match(ANNOUNCEMENT)
  if not self.url then
    self:stop()
    error(line:find "^celigo%.sandbox" and line or "celigo.sandbox: " .. line, 0)
  end
  self.host = options.host
  self.port = math.tointeger(tonumber(self.url:match "(%d+)$"))
  self.token = options.tokens[1]
  return self
end

--- Ends the child and waits until it is gone; more than once does no harm.
function Sandbox:stop()
  local pipe = self.pipe
  if pipe then
    self.pipe = nil
    if self.pid then
      -- Not reaped before the close below: the number is still the child's.
      os.execute(("kill -TERM %d 2>/dev/null"):format(self.pid))
    end
    pipe:close()
  end
end

local function ask(self, method, path, value)
  if not self.pipe then error("celigo.sandbox: the sandbox has been stopped", 3) end
  local status, answer = control.request(self.host, self.port, method, path, value)
  if status >= 300 then error("celigo.sandbox: " .. (answer and answer.message or status), 3) end
  return answer
end

--- Arms a rule for requests that fail; raises where it is wrong.
function Sandbox:fault(rule)
  local checked, message = faults.check(rule)
  if not checked then error("celigo.sandbox: " .. message, 2) end
  ask(self, "POST", "/__faults", checked)
end

--- Brings the first state back.
function Sandbox:reset()
  ask(self, "POST", "/__reset")
end

--- The requests received, as an array of tables.
function Sandbox:journal()
  local requests = ask(self, "GET", "/__journal").requests
  for _, request in ipairs(requests) do -- lua-cjson makes floats of all numbers
    request.connection = math.tointeger(request.connection)
    request.status = math.tointeger(request.status)
  end
  return requests
end

Sandbox.__close = Sandbox.stop
Sandbox.__gc = Sandbox.stop

function Sandbox:__tostring()
  return "celigo.sandbox: " .. self.url
end

--- What runs in the child: serves until the standard input ends.
function child.run(options)
  local found, server = pcall(require, "celigo.sandbox.server")
  if not found then
    print((tostring(server):gsub("%s*\n%s*", " ")))
    return
  end
  local running, message = server.open(options)
  if not running then
    print(message)
    return
  end
  print("celigo sandbox: listening on " .. running.url)
  io.stdout:flush()
  local ok, err = pcall(running.run, running, 0)
  running:close()
  if not ok and not tostring(err):find "interrupted!$" then error(err, 0) end
end

return child
