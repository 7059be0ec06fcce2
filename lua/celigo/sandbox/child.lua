--- A sandbox in a child process: how a script starts one, and what runs in
-- the child. Plain Lua, a POSIX shell and `mkfifo`.
--
-- The child's standard input is a pipe from the parent. Nothing is ever written
-- to it, but it ends when the parent ends, however that happens, and then the
-- child ends too. The child's first lines come back through a named pipe. The
-- shell opens that before the interpreter starts: so if that fails, the parent
-- reads an end of file instead of waiting without end.

local control = require "celigo.sandbox.control"
local faults = require "celigo.sandbox.faults"

local child = {}

local methods = {}
local Sandbox = { __index = methods, __name = "celigo.sandbox" }

-- A field that it does not have raises, and is not nil: a client whose base_url
-- is nil would use the real service.
setmetatable(methods, {
  __index = function(_, name)
    error(("a sandbox has no '%s'; there are: url, port, token, pid, fault, journal, reset, stop"):format(
      tostring(name)), 2)
  end,
})

-- Raises if a method is called without its sandbox, or with too many arguments.
local function check(self, what, takes, ...)
  if getmetatable(self) ~= Sandbox then
    error(("%s: expected the sandbox as the first argument, got a %s; a method is called with a colon: sandbox:%s(%s)")
      :format(what, type(self), what, takes), 3)
  elseif next { ... } ~= nil then
    error(("%s: too many arguments; it takes %s(%s)"):format(what, what, takes), 3)
  end
end

local ANNOUNCEMENT = "^celigo sandbox: listening on (http://.+)$"

-- Quotes a word of a shell command.
local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- `os.execute`, which waits without an ear for Ctrl-C: where that has ended the
-- command, it is raised as the interpreter does.
local function execute(text)
  local good, how, status = os.execute(text)
  if how == "signal" and status == 2 or status == 130 then error("interrupted!", 0) end
  return good
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
  return execute(("command -v %s >/dev/null 2>&1"):format(versioned)) and versioned or "lua"
end

-- What the child runs. Ctrl-C in a terminal reaches it, too, and ends it
-- without a word, from its first moment on.
local CODE = [[
local good, err = pcall(function()
  package.path, package.cpath = %q, %q
  require("celigo.sandbox.child").run(%s)
end)
if not good and not tostring(err):find "interrupted!$" then error(err, 0) end]]

local function command(options, fifo)
  local code = CODE:format(package.path, package.cpath, literal(options))
  return ("fifo=%s; test -p $fifo || exit; { exec >$fifo; } 2>/dev/null; echo $$; exec %s -e %s"):format(
    quote(fifo), quote(options.lua or interpreter()), quote(code))
end

-- Where Ctrl-C has come, the child's shell may wait for a reader: it gets one
-- for a moment, and goes on to its end.
local function drop_fifo(path, problem)
  if problem ~= nil then os.execute(("{ exec 3<>%s; } 2>/dev/null"):format(quote(path))) end
  os.remove(path)
end

local function make_fifo(path)
  os.remove(path)
  if not execute("mkfifo -m 600 " .. quote(path)) then
    error("celigo.sandbox: cannot make a named pipe at " .. path, 0)
  end
end

-- Ends the child and waits until it is gone. May be called again.
local function end_child(self)
  local pipe = self.pipe
  if pipe then
    self.pipe = false
    if self.pid then
      -- The process is waited for only by the close below, so its id is still
      -- the child's.
      os.execute(("kill -TERM %d 2>/dev/null"):format(self.pid))
    end
    pipe:close()
  end
end

--- Starts a child with checked options and waits until it listens. Raises if it
-- does not.
function child.start(options)
  local fifo = os.tmpname()
  local _ <close> = setmetatable({}, { __close = function(_, problem) drop_fifo(fifo, problem) end })
  make_fifo(fifo)
  local pipe = assert(io.popen(command(options, fifo), "w"))
  local output <close> = assert(io.open(fifo, "r"))
  local self = setmetatable({
    pipe = pipe, pid = math.tointeger(tonumber(output:read "l" or "")) or false,
  }, Sandbox)
  local line = output:read "l" or "the process ended at once"
  local url = line:match(ANNOUNCEMENT)
  if not url then
    end_child(self)
    error(line:find "^celigo%.sandbox" and line or "celigo.sandbox: " .. line, 0)
  end
  self.url, self.host = url, options.host
  self.port = math.tointeger(tonumber(url:match "(%d+)$"))
  self.token = options.tokens[1]
  return self
end

local function ask(self, method, path, value)
  if not self.pipe then error("celigo.sandbox: the sandbox has been stopped", 3) end
  local status, answer = control.request(self.host, self.port, method, path, value)
  if status >= 300 then error("celigo.sandbox: " .. (answer and answer.message or status), 3) end
  return answer
end

--- Ends the process.
function methods:stop(...)
  check(self, "stop", "", ...)
  end_child(self)
end

--- Adds a rule for requests that fail; raises if the rule is wrong.
function methods:fault(rule, ...)
  check(self, "fault", "rule", ...)
  local checked, message = faults.check(rule)
  if not checked then error("celigo.sandbox: " .. message, 2) end
  ask(self, "POST", "/__faults", checked)
end

--- Brings the first state back.
function methods:reset(...)
  check(self, "reset", "", ...)
  ask(self, "POST", "/__reset")
end

--- The requests received, as an array of tables.
function methods:journal(...)
  check(self, "journal", "", ...)
  local requests = ask(self, "GET", "/__journal").requests
  for _, request in ipairs(requests) do -- lua-cjson makes floats of all numbers
    request.connection = math.tointeger(request.connection)
    request.status = math.tointeger(request.status)
  end
  return requests
end

Sandbox.__close = end_child
Sandbox.__gc = end_child

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
  if not ok then error(err, 0) end
end

return child
