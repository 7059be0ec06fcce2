--- Child processes for specs: start one, wait for the line that says it is
-- ready, send it signals, stop it and be sure that it is gone.
--
-- A shell stands between: it hands the child's output back through a named
-- pipe, tells the exit status, and ends the child when this process dies in
-- whatever way (its standard input, a pipe from here, then ends).

local process = {}

local Process = {}
Process.__index = Process

-- A word of a shell command.
function process.quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

--- The version of Lua, "5.4" or "5.5".
process.version = _VERSION:match "%d+%.%d+"

--- The Lua interpreter that runs the specs.
function process.lua()
  local first = 0
  while arg and arg[first - 1] do
    first = first - 1
  end
  return first < 0 and arg[first] or "lua" .. process.version
end

--- Why other programs than those of the build cannot load its modules; nil
-- where they can. A sanitizer has to be in a program from its start.
if (process.lua()):find("/build/[^/]+/lua/lua5") then
  process.instrumented = "the build has a sanitizer in it, and the program has none"
end

--- The words that run a C test program (see spec/c): the program itself, or
-- what $CELIGO_TEST_WRAPPER, valgrind and its options, runs it by.
function process.program(name, ...)
  local directory = assert(os.getenv "CELIGO_TEST_BIN", "CELIGO_TEST_BIN names the directory of test programs")
  local words = {}
  for word in (os.getenv "CELIGO_TEST_WRAPPER" or ""):gmatch "%S+" do words[#words + 1] = word end
  words[#words + 1] = directory .. "/" .. name
  return table.move({ ... }, 1, select("#", ...), #words + 1, words)
end

-- The child tells its number itself, before it becomes the program, so that
-- this line is the first of all.
local SCRIPT = [[
exec 3<&0 >%s 2>&1
sh -c 'echo "pid $$"; exec "$@"' sh %s </dev/null 3<&- &
child=$!
(read -r _ <&3; kill -KILL $child) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait $child
status=$?
kill $watcher 2>/dev/null
printf '\nexit %%d\n' $status
]]

local function start_shell(words)
  local quoted = {}
  for i, word in ipairs(words) do
    quoted[i] = process.quote(word)
  end
  local fifo = os.tmpname()
  os.remove(fifo)
  assert(os.execute("mkfifo -m 600 " .. process.quote(fifo)))
  local pipe = assert(io.popen(SCRIPT:format(
    process.quote(fifo), table.concat(quoted, " ")), "w"))
  local output = assert(io.open(fifo, "r"))
  os.remove(fifo)
  return pipe, output
end

--- Starts a program (an array of words) and waits for a line of its output
-- that matches `ready`; with no `ready` it waits for nothing. The object has
-- `pid`, `line` (the one that matched) and `captures`. nil and the output
-- where the program ended before.
function process.start(words, ready)
  local pipe, output = start_shell(words)
  local self = setmetatable({ pipe = pipe, output = output, lines = {} },
    Process)
  self.pid = tonumber(assert(output:read("l"):match("^pid (%d+)$")))
  while ready do
    local line = output:read("l")
    if not line then
      self:wait()
      return nil, table.concat(self.lines, "\n")
    end
    self.lines[#self.lines + 1] = line
    self.captures = { line:match(ready) }
    if self.captures[1] then
      self.line = line
      break
    end
  end
  return self
end

--- Runs Lua code in a process of its own, with this one's package paths.
function process.start_lua(code, ready)
  local prelude = ("package.path=%q package.cpath=%q "):format(
    package.path, package.cpath)
  return process.start({ process.lua(), "-e", prelude .. code }, ready)
end

--- Runs a C test program to its end, which must be good, and it must have
-- counted something. Returns its output.
function process.assert_passes(words)
  local status, output = assert(process.start(words)):wait()
  assert(output:find "%f[%d][1-9]%d* passed, 0 failed$", output)
  assert(status == 0, output)
  return output
end

--- Sends a signal ("INT", "TERM", "KILL", …).
function Process:signal(name)
  if self.pipe then os.execute(("kill -%s %d 2>/dev/null"):format(name, self.pid)) end
end

--- Whether the process is there.
function Process:alive()
  return (os.execute(("kill -0 %d 2>/dev/null"):format(self.pid))) == true
end

--- Waits for the process to end. Returns its exit status (128 + n where
-- signal n ended it) and all its output.
function Process:wait()
  if self.pipe then
    for line in self.output:lines() do
      self.lines[#self.lines + 1] = line
    end
    self.output:close()
    self.pipe:close()
    self.pipe = nil
    self.status = tonumber(
      (table.remove(self.lines) or ""):match("^exit (%d+)$"))
    if self.lines[#self.lines] == "" then
      table.remove(self.lines) -- the script's line feed before `exit`
    end
  end
  return self.status, table.concat(self.lines, "\n")
end

-- Sends a signal until the process is gone, again after the first half second
-- (a program may lose one that comes before it is ready), and SIGKILL in the
-- end. The pauses are seconds.
local END = [[
for pauses in ".01 .02 .05 .1 .3" ".5 .5" "1 1 1"; do
  kill -%s %d 2>/dev/null
  for pause in $pauses; do
    kill -0 %d 2>/dev/null || exit 0
    sleep $pause
  done
done
kill -KILL %d 2>/dev/null
]]

--- Ends the process, with SIGTERM unless another signal is named, and waits
-- until it is gone: with SIGKILL where it does not end within five seconds or
-- so. Returns what `wait` does; may be called again.
function Process:stop(signal)
  if self.pipe then os.execute(END:format(signal or "TERM", self.pid, self.pid, self.pid)) end
  return self:wait()
end

Process.__close = function(self) self:stop("KILL") end
Process.__gc = Process.__close

return process
