--- Files: read whole, and replaced whole or not at all; and shell commands.

local files = {}

--- `os.execute`, which waits without an ear for Ctrl-C: where that has ended
-- the command, it is raised as the interpreter does.
function files.execute(command)
  local good, how, status = os.execute(command)
  if how == "signal" and status == 2 or status == 130 then error("interrupted!", 0) end
  return good, how, status
end

-- nil and a message that names the file.
local function problem(path, message)
  if message:sub(1, #path) == path then return nil, message end
  return nil, ("%s: %s"):format(path, message)
end

--- All of a file, or of the standard input where the path is `-`; or nil and
-- a message.
function files.read(path)
  local file, message = io.stdin, nil
  if path ~= "-" then file, message = io.open(path, "rb") end
  if not file then return nil, message end
  local text
  text, message = file:read "a" -- a directory opens, and fails here
  if path ~= "-" then file:close() end
  if not text then return problem(path == "-" and "standard input" or path, message) end
  return text
end

--- A word of a shell command.
function files.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function is_true(test, path)
  return files.execute(("p=%s; %s"):format(files.quote(path), test)) == true
end

-- The file that a link leads to; the path itself where it is none.
local function resolved(path)
  if not is_true('test -h "$p"', path) then return path end
  local pipe <close> = assert(io.popen(("readlink -f -- %s 2>/dev/null"):format(files.quote(path))))
  local target = pipe:read "l"
  return target and target ~= "" and target or path
end

-- Writes all of a text, or says why it could not.
local function write(path, text)
  local file, message = io.open(path, "wb")
  if not file then return nil, message end
  local good
  good, message = file:write(text)
  local closed, close_message = file:close()
  if good and not closed then good, message = closed, close_message end
  if not good then return problem(path, message) end
  return true
end

-- A name beside a file that no other run uses.
local function beside(path)
  local name = os.tmpname()
  os.remove(name)
  return ("%s.%s.part"):format(path, name:match "[^/]*$")
end

--- Writes a file: true, or nil and a message. A file that is there keeps its
-- owner and mode, and is replaced when the text is written whole; a device or
-- a pipe is there to be written to, and stays what it is.
function files.save(path, text)
  path = resolved(path)
  if is_true('test -e "$p" && ! test -f "$p"', path) then return write(path, text) end
  local part = beside(path)
  local _ <close> = setmetatable({}, { __close = function() os.remove(part) end }) -- gone when all went well
  if is_true('test -e "$p"', path) then
    files.execute(("cp -p -- %s %s 2>/dev/null"):format(files.quote(path), files.quote(part)))
  end
  local good, message = write(part, text)
  if good then good, message = os.rename(part, path) end
  if not good then return problem(path, (message:gsub("^.*%.part: ", ""))) end
  return true
end

return files
