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

--- Writes a line to the standard error.
function recipe.say(format, ...)
  io.stderr:write(format:format(...), "\n")
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
    print((indent or "") .. (n == 1 and recipe.styled("dim", text) or text))
  end
end

local BAR = 30 -- characters

--- An `on_progress` for client:map: a bar on a terminal, nothing in a pipe.
function recipe.progress_bar(label)
  if not recipe.is_terminal(2) then return nil end
  return function(done, total)
    local full = BAR * done // total
    io.stderr:write(("\r%s [%s%s] %d/%d"):format(label, ("#"):rep(full), ("."):rep(BAR - full), done, total))
    if done == total then io.stderr:write "\n" end
  end
end

-- }======

--- A parser of arguments with the options that every example has.
-- @tparam string name of the file, without `.lua`
-- @tparam string summary what it does
function recipe.parser(name, summary)
  if not has_argparse then
    recipe.say("The examples need argparse: luarocks install argparse, or your system's lua-argparse.")
    os.exit(recipe.FAILED)
  end
  local parser = argparse(name, summary, EXIT_CODES)
  parser:usage_max_width(79)
  parser:flag("--live", "Work on the account of CELIGO_API_TOKEN, not on a sandbox.")
  parser:option("--log", "Append what is sent and received to FILE, as JSON lines."):argname "FILE"
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

--- Parses the arguments, makes a client, calls `main(client, args, is_sandbox)`
-- and exits with the code that it returns, DONE by default.
function recipe.run(parser, main)
  local parsed, args = parser:pparse()
  if not parsed then
    recipe.say("%s\n\nError: %s", parser:get_usage(), args)
    os.exit(recipe.USAGE)
  end
  local good, code = xpcall(work, explain, main, args)
  if not good then
    local problem = code
    local is_exit = getmetatable(problem) == Exit
    recipe.say("%s", is_exit and problem.message or tostring(problem))
    code = is_exit and problem.code or recipe.FAILED
  end
  os.exit(code, true)
end

return recipe
