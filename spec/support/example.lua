--- Examples as processes, for their specs.

local process = require "spec.support.process"
local shell = require "spec.support.shell"

package.path = "examples/?.lua;" .. package.path -- their shared parts, for specs of these

local example = {}

example.read, example.write = shell.read, shell.write

-- The shell command of an example; service is a sandbox, or anything else
-- with a url, or nil for a sandbox of its own.
function example.command(name, arguments, service)
  local words = {
    "env -u CELIGO_API_TOKEN -u CELIGO_BASE_URL",
    "LUA_PATH=" .. process.quote(package.path),
    "LUA_CPATH=" .. process.quote(package.cpath),
  }
  if service then
    words[#words + 1] = "CELIGO_BASE_URL=" .. process.quote(service.url)
    words[#words + 1] = "CELIGO_API_TOKEN=" .. process.quote(service.token or "any")
  end
  words[#words + 1] = process.quote(process.lua())
  words[#words + 1] = ("examples/%s.lua"):format(name)
  for _, argument in ipairs(arguments or {}) do words[#words + 1] = process.quote(argument) end
  return table.concat(words, " ")
end

-- Runs an example: exit code, standard output, standard error. more is what
-- the shell is to read behind the command, such as a redirection.
function example.run(name, arguments, service, more)
  local errors = os.tmpname()
  local command = example.command(name, arguments, service)
  local pipe = assert(io.popen(("%s %s 2>%s"):format(command, more or "", errors)))
  local output = pipe:read "a"
  local _, _, code = pipe:close()
  local messages = example.read(errors)
  os.remove(errors)
  return code, output, messages
end

-- Starts an example whose end is not waited for: a process, whose output is
-- both streams together.
function example.start(name, arguments, service)
  return assert(process.start { "sh", "-c", "exec " .. example.command(name, arguments, service) })
end

-- Waits for a condition that something else brings about.
function example.await(condition)
  for _ = 1, 600 do
    if condition() then return end
    os.execute "sleep 0.05"
  end
  error("the condition has not come about", 2)
end

-- Runs an example under a terminal: its exit code, and what is shown there.
function example.run_on_terminal(name, arguments, service)
  local command = example.command(name, arguments, service)
  local pipe = assert(io.popen(("script -qec %s /dev/null </dev/null"):format(process.quote(command))))
  local shown = pipe:read "a"
  local _, _, code = pipe:close()
  return code, shown
end

-- Runs an example with -o and a file that is there. It must refuse to replace
-- the file because of the service, end with 3 and say so in these words.
function example.assert_keeps_file(name, service, words)
  local path = os.tmpname()
  example.write(path, "yesterday's")
  local code, output, messages = example.run(name, { "-o", path }, service)
  example.has(messages, path .. words .. "\n")
  assert(code == 3 and output == "", messages)
  assert(example.read(path) == "yesterday's")
  os.remove(path)
  return messages
end

-- Fails where a part is not in a text.
function example.has(text, part)
  assert(text:find(part, 1, true), ("%q is not in:\n%s"):format(part, text))
end

-- The lines of a text, without those that are empty.
function example.lines_of(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  return lines
end

return example
