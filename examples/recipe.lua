--- What the examples share: arguments, a client, output, exit codes.
--
-- An example works on a sandbox: the one that CELIGO_BASE_URL names, or one
-- that is started for the run and forgotten after it. With --live it works
-- on the account of CELIGO_API_TOKEN. Results go to the standard output, all
-- else to the standard error.

-- In a checkout that is built and not installed, its own files are used.
local root = (arg[0]:match "^(.*/)[^/]*$" or "./") .. "../"
package.path = ("%s;%slua/?.lua;%slua/?/init.lua"):format(package.path, root, root)
package.cpath = ("%s;%sbuild/release/lib/?.so"):format(package.cpath, root)

local has_celigo, celigo = pcall(require, "celigo")
if not has_celigo then
  io.stderr:write("celigo is neither installed nor built here; `make` builds it.\n", tostring(celigo), "\n")
  os.exit(3)
end
local has_argparse, argparse = pcall(require, "argparse")

local recipe = {
  DONE = 0,
  FOUND = 1, -- done, and something was found, or some items have failed
  USAGE = 2,
  FAILED = 3, -- it could not be done
}

local EXIT_CODES = [[
Exit codes: 0 done; 1 done, but something was found or has failed;
2 wrong arguments; 3 it could not be done.]]

-- {====== Output

local quiet = false -- --quiet is given

--- Writes a line to the standard error: what went wrong.
function recipe.complain(format, ...)
  io.stderr:write(format:format(...), "\n")
end

--- Writes a line to the standard error: what is good to know. Nothing with
-- --quiet.
function recipe.say(format, ...)
  if not quiet then recipe.complain(format, ...) end
end

local unwritten -- why results were lost

--- Writes a text to the standard output. Where that fails, the example goes
-- on, for the rest of what it does is still to be told, and fails at its end.
function recipe.write(text)
  local good, message = io.stdout:write(text)
  if not good then unwritten = unwritten or message end
end

--- Like `print`, which does not tell whether it could.
function recipe.print(...)
  local words = table.pack(...)
  for i = 1, words.n do words[i] = tostring(words[i]) end
  recipe.write(table.concat(words, "\t") .. "\n")
end

--- Hands on what was written so far.
function recipe.flush()
  local good, message = io.stdout:flush()
  if not good then unwritten = unwritten or message end
end

local terminals = {}

--- Whether the standard output (1) or the standard error (2) is a terminal.
function recipe.is_terminal(number)
  if terminals[number] == nil then
    terminals[number] = os.execute(("test -t %d"):format(number)) == true
  end
  return terminals[number]
end

local styles = { bold = 1, dim = 2, red = 31, green = 32, yellow = 33 }

--- A text for the standard output in a style, where that is a terminal and
-- NO_COLOR is not set.
function recipe.styled(style, text)
  local no_color = os.getenv "NO_COLOR"
  if (no_color and no_color ~= "") or not recipe.is_terminal(1) then return text end
  return ("\27[%dm%s\27[0m"):format(styles[style], text)
end

local function width_of(text)
  return utf8.len(text) or #text
end

local function padded(text, width, to_right)
  local spaces = (" "):rep(width - width_of(text))
  return to_right and spaces .. text or text .. spaces
end

--- Prints rows (arrays of values) below headings; numbers go to the right.
function recipe.print_table(headings, rows, indent)
  local widths, numeric, lines = {}, {}, { headings }
  for i, heading in ipairs(headings) do widths[i] = width_of(heading) end
  for _, row in ipairs(rows) do
    local line = {}
    for i = 1, #headings do
      numeric[i] = numeric[i] or type(row[i]) == "number"
      line[i] = tostring(row[i] == nil and "" or row[i])
      widths[i] = math.max(widths[i], width_of(line[i]))
    end
    lines[#lines + 1] = line
  end
  for n, line in ipairs(lines) do
    local cells = {}
    for i, cell in ipairs(line) do cells[i] = padded(cell, widths[i], numeric[i]) end
    local text = table.concat(cells, "  "):gsub("%s+$", "")
    recipe.print((indent or "") .. (n == 1 and recipe.styled("dim", text) or text))
  end
end

local BAR = 30 -- characters

--- An `on_progress` for client:map: a bar on a terminal, nothing in a pipe.
function recipe.progress_bar(label)
  if quiet or not recipe.is_terminal(2) then return nil end
  return function(done, total)
    local full = BAR * done // total
    io.stderr:write(("\r%s [%s%s] %d/%d"):format(label, ("#"):rep(full), ("."):rep(BAR - full), done, total))
    if done == total then io.stderr:write "\n" end
  end
end

-- }======

-- Ends the example. Results that nobody can read make it fail, whatever the
-- code says.
local function finish(code)
  recipe.flush()
  if unwritten then
    recipe.complain("The standard output could not be written: %s", unwritten)
    code = recipe.FAILED
  end
  os.exit(code, true)
end

--- A parser of arguments with the options that every example has.
-- @tparam string name of the file, without `.lua`
-- @tparam string summary what it does
-- @tparam[opt] string details to stand below the options
function recipe.parser(name, summary, details)
  if not has_argparse then
    recipe.complain("The examples need argparse: luarocks install argparse, or your system's lua-argparse.")
    os.exit(recipe.FAILED)
  end
  local parser = argparse(name, summary, details and details .. "\n\n" .. EXIT_CODES or EXIT_CODES)
  parser:usage_max_width(79)
  parser:add_help {
    action = function()
      recipe.print(parser:get_help())
      finish(recipe.DONE)
    end,
  }
  parser:flag("--live", "Work on the account of CELIGO_API_TOKEN, not on a sandbox.")
  parser:flag("--dry-run", "Change nothing in the account; show what would be changed.")
  parser:option("--log", "Append what is sent and received to FILE, as JSON lines."):argname "FILE"
  parser:flag("--quiet", "Say nothing on the standard error but what went wrong.")
  return parser
end

-- Where the calls go: a thing to close after use, base URL and token.
local function open_service(live)
  local local_url = os.getenv "CELIGO_BASE_URL"
  if live then return nil, local_url, nil end
  if local_url and local_url:find "^http://" then -- accepted for loopback only
    return nil, local_url, os.getenv "CELIGO_API_TOKEN" or "sandbox"
  end
  local sandbox = require("celigo.sandbox").start()
  return sandbox, sandbox.url, sandbox.token
end

-- Exit codes travel as errors of this kind.
local Exit = {}

--- Ends the example with a message and an exit code, FAILED by default.
function recipe.fail(message, code)
  error(setmetatable({ message = tostring(message), code = code or recipe.FAILED }, Exit), 0)
end

-- What a call gives, or the end of the example: where the outside world is
-- to blame, a person needs no traceback.
local function must(good, value, ...)
  if not good then recipe.fail(value) end
  return value, ...
end

--- Opens a file, or ends the example.
function recipe.open(path, mode)
  local file, message = io.open(path, mode)
  return file or recipe.fail(message)
end

--- All of a file, or the end of the example.
function recipe.read(path)
  local file <close> = recipe.open(path, "r")
  local text, message = file:read "a" -- a directory opens, and fails here
  return text or recipe.fail(("%s: %s"):format(path, message))
end

--- A word of a shell command.
function recipe.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- Writes a file, or ends the example. A file that is there is replaced when
-- the text is written whole; anything else (a device, a pipe, a link) is
-- there to be written to, and stays what it is.
function recipe.save(path, text)
  local is_other = 'p=%s; test -h "$p" || { test -e "$p" && ! test -f "$p"; }'
  local stays = os.execute(is_other:format(recipe.quote(path)))
  local target = stays and path or path .. ".part"
  local file = recipe.open(target, "w")
  local good, message = file:write(text)
  local closed, close_message = file:close()
  if good and not closed then good, message = closed, close_message end
  if good and not stays then good, message = os.rename(target, path) end
  if good then return end
  if not stays then os.remove(target) end
  recipe.fail(("%s: %s"):format(path, message))
end

local function open_client(args, base_url, token)
  local log = args.log and recipe.open(args.log, "a")
  return must(pcall(celigo.new, {
    base_url = base_url,
    token = token,
    user_agent = "celigo-examples",
    on_event = log and celigo.log(log) or nil,
  }))
end

local function work(main, args)
  local sandbox <close>, base_url, token = must(pcall(open_service, args.live))
  local client <close> = open_client(args, base_url, token)
  return main(client, args, sandbox ~= nil) or recipe.DONE
end

local function explain(problem)
  if getmetatable(problem) == Exit or celigo.is_error(problem) then return problem end
  return debug.traceback(tostring(problem), 2)
end

--- A converter for arguments: an integer from 1.
function recipe.count(text)
  local number = math.tointeger(tonumber(text))
  if number and number >= 1 then return number end
  return nil, ("'%s': expected an integer from 1"):format(text)
end

local DAY = 86400 -- seconds

--- The end of the time that a timestamp can tell.
recipe.LAST = celigo.parse_timestamp "9999-12-31T23:59:59Z"

--- A converter for arguments: days that end before the year 10000.
function recipe.days(text)
  local days, message = recipe.count(text)
  if not days then return nil, message end
  if days <= (recipe.LAST - os.time()) // DAY then return days end
  return nil, ("'%s': leads beyond the year 9999"):format(text)
end

--- A converter for arguments: what can be an id in a path.
function recipe.id(text)
  if text ~= "" and text ~= "." and text ~= ".." then return text end
  return nil, ("'%s': expected an id"):format(text)
end

--- Parses the arguments, makes a client, calls `main(client, args, is_sandbox)`
-- and exits with the code that it returns, DONE by default.
function recipe.run(parser, main)
  local parsed, args = parser:pparse()
  if not parsed then
    recipe.complain("%s\n\nError: %s", parser:get_usage(), args)
    os.exit(recipe.USAGE)
  end
  quiet = args.quiet == true
  local good, code = xpcall(work, explain, main, args)
  if not good then
    local problem = code
    local is_exit = getmetatable(problem) == Exit
    recipe.complain("%s", is_exit and problem.message or tostring(problem))
    code = is_exit and problem.code or recipe.FAILED
  end
  finish(code)
end

return recipe
