--- Shell commands and files, for specs.

local process = require "spec.support.process"

local quote = process.quote

local shell = {}

-- A command with values, if there are any, in place of its %s.
local function fill(command, ...)
  return select("#", ...) > 0 and command:format(...) or command
end

--- Runs a command. Values after it take the place of %s in it. Returns what it
-- printed, errors included, and whether it went well.
function shell.try(command, ...)
  local pipe = assert(io.popen("(" .. fill(command, ...) .. ") 2>&1"))
  local output = pipe:read "a"
  return output, pipe:close() or false
end

--- The same, but raises if it did not go well.
function shell.run(command, ...)
  local output, good = shell.try(command, ...)
  if not good then error(fill(command, ...) .. "\n" .. output, 0) end
  return output
end

--- Whether there is a program of this name.
function shell.has(name)
  return (os.execute("command -v " .. name .. " >/dev/null 2>&1"))
end

--- A new directory, `path`, which is removed when the variable that holds this
-- table is closed.
function shell.scratch()
  local path = os.tmpname()
  os.remove(path)
  shell.run("mkdir -m 700 %s", quote(path))
  return setmetatable({ path = path }, {
    __close = function() shell.run("rm -rf %s", quote(path)) end,
  })
end

function shell.read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

function shell.write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

--- The lines of a text, sorted, without those that are empty.
function shell.lines(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do list[#list + 1] = line end
  table.sort(list)
  return list
end

return shell
