--- What the recipes share: arguments, a client, output, exit codes.
--
-- A recipe works on a sandbox: the one that CELIGO_BASE_URL names, or one
-- that is started for the run and forgotten after it. With --live it works
-- on the account of CELIGO_API_TOKEN. Results go to the standard output, all
-- else to the standard error.
--
-- A recipe begins by having this file run it (see the end of the file): every
-- error in it, and Ctrl-C, is reported in one line.

-- The library itself is looked for last in three places: in a checkout that
-- was built but not installed, below the prefix where this file is installed,
-- and below that of LuaRocks, which keeps it in lib/luarocks.
local here = arg[0]:match "^(.*/)[^/]*$" or "./"
local lua = _VERSION:match "%d+%.%d+"
local paths, cpaths = { here .. "?.lua", package.path }, { package.cpath }
local function look_below(modules, libraries)
  paths[#paths + 1] = modules .. "/?.lua;" .. modules .. "/?/init.lua"
  cpaths[#cpaths + 1] = libraries .. "/?.so"
end
look_below(here .. "../lua", here .. "../build/release/lib")
for _, prefix in ipairs { here .. "../../..", here .. ("../"):rep(7) .. ".." } do
  look_below(("%s/share/lua/%s"):format(prefix, lua), ("%s/lib/lua/%s"):format(prefix, lua))
end
package.path, package.cpath = table.concat(paths, ";"), table.concat(cpaths, ";")

-- Like `pcall(require, name)`, but Ctrl-C goes through it.
local function try_require(name)
  local found, module = pcall(require, name)
  if not found and tostring(module):find "interrupted!" then error(module, 0) end
  return found, module
end

local has_celigo, celigo = try_require "celigo"
if not has_celigo then
  io.stderr:write("celigo was not found. `make` builds it; where it is elsewhere, set LUA_PATH and LUA_CPATH.\n",
    tostring(celigo), "\n")
  os.exit(3)
end
local has_argparse, argparse = try_require "argparse"

-- LuaSocket makes this process ignore SIGPIPE: a reader that ends early, such
-- as `head`, must not end a recipe in the middle.
try_require "socket.core"

local arguments = require "recipe.arguments"
local files = require "recipe.files"
local output = require "recipe.output"

local recipe = {
  DONE = 0,
  FOUND = 1, -- done, and something was found, or some items have failed
  USAGE = 2,
  FAILED = 3, -- it could not be done
  INTERRUPTED = 130, -- Ctrl-C

  ONLY_READS = true, -- for `run`

  complain = output.complain,
  say = output.say,
  remark = output.remark,
  print = output.print,
  progress_bar = output.progress_bar,
  report = output.report,
}

local EXIT_CODES = [[
Exit codes: 0 done; 1 done, but something was found or has failed;
2 wrong arguments; 3 it could not be done; 130 interrupted by Ctrl-C.]]

-- {====== The end of a recipe

-- Errors of this kind carry an exit code.
local Exit = { __tostring = function(self) return table.concat(self.lines, "\n") end }

--- Ends the recipe with a message and an exit code, FAILED by default. The
-- message is a text, an error object, or an array of lines.
function recipe.fail(message, code)
  local lines = type(message) == "table" and not celigo.is_error(message) and message or { message }
  error(setmetatable({ lines = lines, code = code or recipe.FAILED }, Exit), 0)
end

local Interrupted = {}

-- What the standalone interpreter raises for Ctrl-C; argparse adds lines to it.
local function is_interruption(problem)
  return problem == Interrupted or type(problem) == "string" and problem:match("^[^\n]*"):find "interrupted!$" ~= nil
end

--- Like `pcall`, but Ctrl-C goes through it.
function recipe.try(f, ...)
  local results = table.pack(pcall(f, ...))
  if not results[1] and is_interruption(results[2]) then error(Interrupted, 0) end
  return table.unpack(results, 1, results.n)
end

-- The results of a call; if it has failed, ends the recipe with a message and
-- without a traceback.
local function must(good, value, ...)
  if not good then recipe.fail(value) end
  return value, ...
end

-- Ends the process. If the results could not be written, it fails, whatever the
-- code is.
local function finish(code)
  debug.sethook()
  output.clear_bar()
  local problem = output.failure()
  if problem then
    output.complain("The standard output could not be written: %s", problem)
    code = recipe.FAILED
  end
  os.exit(code, true)
end

local fate = function() return "nothing was changed" end

--- Sets a function for a run that is interrupted. It returns a text: what is
-- done, what is not, and what is unknown.
function recipe.on_interrupt(f)
  fate = f
end

-- }======

-- {====== Arguments

local function examples_of(name, lines)
  local text = { "Examples:" }
  for _, line in ipairs(lines) do
    text[#text + 1] = ("   lua5.4 %s%s.lua%s"):format(here, name, line == "" and "" or " " .. line)
  end
  return table.concat(text, "\n")
end

local function add_service(parser)
  parser:flag("--live", "Work on the account of CELIGO_API_TOKEN, not on a sandbox.")
  parser:option("--region", "Where the account is. (default: us)"):choices { "us", "eu" }
  parser:option("--timeout", "How long a call may take, its retries included. (default: 60; a push, a preview: 360)",
    nil, arguments.seconds):argname "SECONDS"
  parser:flag("--dry-run", "Change nothing in the account; show what would be changed.")
end

--- A parser of arguments with the options that every recipe has.
-- @tparam table about `name` of the file, without `.lua`; `summary`, what it
--   does; `examples`, an array of arguments; `details`, to stand below the
--   options; `table`, true where it prints a table
function recipe.parser(about)
  if not has_argparse then
    output.complain "The recipes need argparse: luarocks install argparse, or your system's lua-argparse."
    os.exit(recipe.FAILED)
  end
  local parser = argparse(about.name, about.summary)
  parser:usage_max_width(79)
  parser:help_max_width(79)
  parser:help_description_margin(29)
  parser:add_help {
    action = function()
      local parts = { parser:get_help(), examples_of(about.name, about.examples), EXIT_CODES }
      if about.details then table.insert(parts, 2, about.details) end
      output.write(table.concat(parts, "\n\n") .. "\n") -- argparse would break the examples' lines
      finish(recipe.DONE)
    end,
  }
  parser:flag("--version", "Print the version and exit."):action(function()
    output.print("%s (%s)", about.name, celigo._VERSION)
    finish(recipe.DONE)
  end)
  add_service(parser)
  if about.table then
    parser:mutex(parser:flag("--json", "Print one JSON object for each row."),
      parser:flag("--csv", "Print CSV, with a line of headings."))
  end
  parser:option("--log", "Append what is sent and received to FILE, as JSON lines."):argname "FILE"
  parser:flag("--quiet", "Say nothing on the standard error but what went wrong.")
  return parser
end

-- }======

-- {====== The client

local function is_local(url)
  return url ~= nil and url:find "^http://" ~= nil -- celigo.new accepts it for loopback only
end

-- Where the calls go: a sandbox to close after use, base URL, token.
local function open_service(args)
  local base_url = os.getenv "CELIGO_BASE_URL"
  if base_url == "" then base_url = nil end
  if args.live then
    if args.region and base_url then
      recipe.fail("--region and CELIGO_BASE_URL both say where the account is: unset one", recipe.USAGE)
    end
    return nil, base_url, nil
  end
  if args.region then output.say("--region counts with --live only: this is a sandbox") end
  if is_local(base_url) then return nil, base_url, os.getenv "CELIGO_API_TOKEN" or "sandbox" end
  local sandbox = must(recipe.try(require("celigo.sandbox").start))
  return sandbox, sandbox.url, sandbox.token
end

-- An on_event that writes the log, or nil: then CELIGO_LOG is used.
local function logger(args)
  if not args.log then return nil end
  local file, message = io.open(args.log, "a")
  return celigo.log(file or recipe.fail(message))
end

--- Makes a client with the options from the arguments, and others that may be
-- given. In a dry run it cannot write.
function recipe.client(args, options)
  local all = {
    user_agent = "celigo-recipes", timeout = args.timeout, on_event = args.on_event, read_only = args.dry_run,
  }
  for name, value in pairs(options) do all[name] = value end
  return must(recipe.try(celigo.new, all))
end

-- The answer may come from something other than the service, such as a proxy.
local function check(good, path)
  if good then return end
  recipe.fail(("GET %s: the answer is no record: does this address lead to the service?"):format(path))
end

--- All connectors, or the end of the recipe.
function recipe.list_connectors(client)
  local connectors = assert(client:list_connectors())
  check(type(connectors) == "table" and (#connectors > 0 or next(connectors) == nil), "/v1/connectors")
  for _, connector in ipairs(connectors) do
    check(type(connector) == "table" and type(connector._id) == "string", "/v1/connectors")
  end
  return connectors
end

--- A connector, or the end of the recipe.
function recipe.get_connector(client, id)
  local connector = assert(client:get_connector_by_id(id))
  check(type(connector) == "table", "/v1/connectors/" .. id)
  return connector
end

--- A record that a call has made. If a good answer holds none, ends the recipe.
function recipe.made(record, what)
  if type(record) == "table" and record._id ~= nil then return record end
  recipe.fail(("the answer holds no record: it is unknown whether %s was made"):format(what))
end

--- Waits. Ctrl-C ends it within a second: this process notices it only between
-- two short waits.
function recipe.sleep(seconds)
  local whole = math.floor(seconds)
  for _ = 1, whole do io.popen("sleep 1"):close() end
  if seconds > whole then io.popen(("sleep %.1f"):format(seconds - whole)):close() end
end

-- }======

--- The text of a file or of the standard input (`-`), or the end of the
-- recipe.
function recipe.read(path)
  local text, message = files.read(path)
  return text or recipe.fail(message)
end

--- Writes a file, or ends the recipe; see `files.save`.
function recipe.save(path, text)
  local good, message = files.save(path, text)
  if not good then recipe.fail(message) end
end

local function work(main, args, only_reads)
  local sandbox <close>, base_url, token = open_service(args)
  args.on_event = logger(args)
  local client <close> = recipe.client(args, {
    base_url = base_url, token = token, region = args.live and args.region, read_only = only_reads or args.dry_run,
  })
  return main(client, args, sandbox ~= nil) or recipe.DONE
end

local function explain(problem)
  if is_interruption(problem) then return Interrupted end
  if getmetatable(problem) == Exit or celigo.is_error(problem) then return problem end
  return debug.traceback(tostring(problem), 2)
end

-- Where nobody answers, the address may be one that was exported for a sandbox
-- which has ended since.
local function explain_address(problem)
  local base_url = os.getenv "CELIGO_BASE_URL"
  if celigo.is_error(problem) and problem.code == "connect_failed" and is_local(base_url) then
    output.complain("The environment's CELIGO_BASE_URL is %s: unset it if no sandbox is there any more.", base_url)
  end
end

-- Reports the problem with which a run has ended, and returns the exit code.
local function tell(problem)
  if problem == Interrupted then
    local good, words = pcall(fate)
    output.flush() -- this line is the last
    output.complain("Interrupted: %s", good and words or "what was done is unknown")
    return recipe.INTERRUPTED
  end
  local is_exit = getmetatable(problem) == Exit
  if is_exit or celigo.is_error(problem) then
    for _, line in ipairs(is_exit and problem.lines or { problem }) do
      output.complain("%s", line)
      explain_address(line)
    end
    return is_exit and problem.code or recipe.FAILED
  end
  output.clear_bar()
  io.stderr:write(tostring(problem), "\n") -- a traceback has lines
  return recipe.FAILED
end

--- Parses the arguments, makes a client, calls `main(client, args, is_sandbox)`
-- and exits with the code that it returns, DONE by default. The client of a
-- recipe that only reads cannot write.
function recipe.run(parser, main, only_reads)
  local parsed, args = parser:pparse()
  if not parsed then
    io.stderr:write(parser:get_usage(), "\n\n")
    output.complain("Error: %s", (args:gsub("\nDid you mean", "; did you mean")))
    os.exit(recipe.USAGE)
  end
  output.quiet = args.quiet == true
  output.show_waiting()
  local good, code = xpcall(work, explain, main, args, only_reads)
  if not good then code = tell(code) end
  finish(code)
end

-- Runs the recipe, in which `run` ends the process.
local function start()
  package.loaded.recipe = recipe
  local good, problem = xpcall(assert(loadfile(arg[0])), explain, table.unpack(arg))
  finish(good and recipe.DONE or tell(problem))
end

if ... == nil then start() end -- it was not required
return recipe
