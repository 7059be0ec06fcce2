--- Makes one HTML page of licenses and installations: charts of licenses by the
-- month they end, of installations by version and by whether they are being
-- updated, and a table that can be sorted.
--
--     lua5.4 examples/dashboard.lua --live --output installs.html
--
-- The page is one file and loads nothing from elsewhere. It holds names and
-- addresses of customers: keep it where only your own people can read it. A
-- file is replaced only when every connector could be read.

-- recipe.lua runs this file, so that Ctrl-C is handled from the first line on.
if not package.loaded.recipe then
  local _, problem = pcall(dofile, (arg[0]:match "^.*/" or "./") .. "recipe.lua")
  io.stderr:write("Nothing was changed: ", tostring(problem), "\n")
  os.exit(tostring(problem):find "interrupted!$" and 130 or 3)
end
local recipe = require "recipe"
local arguments = require "recipe.arguments"
local installs = require "recipe.installs"
local output = require "recipe.output"
local page = require "recipe.page"

local parser = recipe.parser {
  name = "dashboard",
  summary = "Makes an HTML page of licenses and installations.",
  examples = { "--output installs.html", "--live --region eu --output installs.html" },
}
parser:option("--output", "Write to FILE, not to the standard output; or -o."):hidden_name "-o":argname "FILE"
parser:option("--title", "The page's title.", "Connectors"):argname "TEXT"
parser:option("--concurrency", "How many connectors at a time.", "8", arguments.count):argname "N"

recipe.run(parser, function(client, args)
  local connectors, rows, failed, writes = installs.read(client, args, "reading")
  if failed > 0 and (args.output or failed == #connectors) then
    recipe.fail(("%s: not every connector could be read"):format(
      args.output and args.output .. " is left as it was" or "no page"))
  end
  local text = page.make {
    title = args.title, connectors = connectors, rows = rows, failed = failed, now = os.time(),
  }
  writes()
  if args.output then recipe.save(args.output, text) else output.write(text) end
  recipe.say("%s", installs.summary(connectors, rows, failed))
  return failed > 0 and recipe.FOUND or recipe.DONE
end, recipe.ONLY_READS)
