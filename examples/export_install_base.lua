--- Exports the licenses and installations of every connector as CSV: one row
-- for each license, with its installation if there is one, and one for each
-- installation whose license is gone.
--
--     lua5.4 examples/export_install_base.lua --live --output installs.csv
--     lua5.4 examples/export_install_base.lua --live --expiring 14 | mail …
--
-- A file is replaced only if the export is complete: if a connector cannot be
-- read, the file stays as it was. On the standard output the other connectors
-- are exported nevertheless, and the exit code is 1.

-- recipe.lua runs this file, so that Ctrl-C is handled from the first line on.
if not package.loaded.recipe then
  local _, problem = pcall(dofile, (arg[0]:match "^.*/" or "./") .. "recipe.lua")
  io.stderr:write("Nothing was changed: ", tostring(problem), "\n")
  os.exit(tostring(problem):find "interrupted!$" and 130 or 3)
end
local recipe = require "recipe"
local celigo = require "celigo"
local arguments = require "recipe.arguments"
local installs = require "recipe.installs"
local output = require "recipe.output"

local DAY = 86400 -- seconds

-- Whether a row's license ends within that many days, or has ended while it is
-- still in use.
local function is_expiring(row, days)
  local ending = row.expires or row.trial_end
  local seconds = ending and celigo.parse_timestamp(ending)
  if not seconds then return false end
  local left = seconds - os.time()
  if left < 0 then return row.integration_id ~= nil end
  return left <= days * DAY
end

local parser = recipe.parser {
  name = "export_install_base", table = true,
  summary = "Exports licenses and installations as CSV.",
  examples = {
    "--live --output installs.csv",
    "--live --expiring 14 --quiet    # for cron: silent where nothing expires",
    "--live --json | jq .email",
  },
}
parser:option("--output", "Write to FILE, not to the standard output; or -o."):hidden_name "-o":argname "FILE"
parser:option("--expiring", "Only licenses, trials too, that end within DAYS days, and those that have ended and "
  .. "are still installed.", nil, arguments.days):argname "DAYS"
parser:option("--concurrency", "How many connectors at a time.", "8", arguments.count):argname "N"

recipe.run(parser, function(client, args)
  local connectors, all, failed, writes = installs.read(client, args, "exporting")
  local rows = {}
  for _, row in ipairs(all) do
    if not args.expiring or is_expiring(row, args.expiring) then rows[#rows + 1] = row end
  end
  local text = output.lines_of(args.json and "json" or "csv", installs.COLUMNS, rows)
  writes()
  if not args.output then
    if #rows > 0 or not args.expiring then output.write(text) end
  elseif failed > 0 then
    recipe.fail(("%s is left as it was: the export is not whole"):format(args.output))
  else
    recipe.save(args.output, text)
  end
  local tell = (#rows > 0 or failed > 0 or not args.expiring) and recipe.say or recipe.remark
  tell("%s", installs.summary(connectors, rows, failed))
  if failed > 0 and failed == #connectors then return recipe.FAILED end
  return failed > 0 and recipe.FOUND or recipe.DONE
end, recipe.ONLY_READS)
