--- Exports the licenses and installations of every connector as CSV: one row
-- for each license, with its installation where there is one, and one for
-- each installation whose license is gone.
--
--     lua5.4 examples/export_install_base.lua --live --output installs.csv
--     lua5.4 examples/export_install_base.lua --live --expiring 14 | mail …
--
-- A file is replaced only when the export is whole; a device, a pipe or a
-- link is written to. A connector that cannot be read makes the exit code 1;
-- the others are exported all the same.

package.path = (arg[0]:match "^(.*/)[^/]*$" or "./") .. "?.lua;" .. package.path
local recipe = require "recipe"
local celigo = require "celigo"
local csv = require "csv"

local DAY = 86400 -- seconds

local COLUMNS = {
  "connector_id", "connector", "license_id", "email", "user", "edition", "created", "expires",
  "integration_id", "version", "installed", "updated",
}

-- A member of a member …, as text; null and what is no record are nothing.
local function text_of(record, ...)
  local value = record
  for i = 1, select("#", ...) do
    if type(value) ~= "table" then return nil end
    value = value[select(i, ...)]
  end
  if value == nil or value == celigo.null or type(value) == "table" then return nil end
  return tostring(value)
end

-- license and install: one of them may be nil.
local function row_of(connector, license, install)
  local user = (license or install).user
  return {
    connector._id,
    text_of(connector, "name"),
    text_of(license, "_id") or text_of(install, "_licenseId"),
    text_of(user, "email"),
    text_of(user, "name"),
    text_of(license, "opts", "connectorEdition"),
    text_of(license, "created"),
    text_of(license, "expires"),
    text_of(install, "_integrationId") or text_of(license, "_integrationId"),
    text_of(install, "version"),
    text_of(install, "created"),
    text_of(install, "lastModified"),
  }
end

local function rows_of(client, connector)
  local licenses, installs, errors = client:gather(
    function() return client:list_connector_licenses(connector._id) end,
    function() return client:get_connector_install_base(connector._id) end)
  if errors then error(errors[1] or errors[2], 0) end
  local by_integration, rows = {}, {}
  for _, install in ipairs(installs) do by_integration[install._integrationId or install] = install end
  for _, license in ipairs(licenses) do
    local integration = text_of(license, "_integrationId") or license
    rows[#rows + 1] = row_of(connector, license, by_integration[integration])
    by_integration[integration] = nil
  end
  for _, install in ipairs(installs) do
    if by_integration[install._integrationId or install] then rows[#rows + 1] = row_of(connector, nil, install) end
  end
  return rows
end

-- Whether a row's license ends within so many days from now.
local function expires_within(row, days)
  local expires = row[8] and celigo.parse_timestamp(row[8])
  local left = expires and expires - os.time()
  return left ~= nil and left >= 0 and left <= days * DAY
end

local parser = recipe.parser("export_install_base", "Exports licenses and installations as CSV.")
parser:option("-o --output", "Write to FILE, not to the standard output."):argname "FILE"
parser:option("--expiring", "Only licenses that expire within DAYS days.", nil, recipe.days):argname "DAYS"
parser:option("--concurrency", "How many connectors at a time.", "8", recipe.count):argname "N"

recipe.run(parser, function(client, args)
  local connectors = assert(client:list_connectors())
  local results, errors = client:map(connectors, function(connector)
    return rows_of(client, connector)
  end, { concurrency = args.concurrency, on_progress = recipe.progress_bar "exporting" })
  local lines, failed = { csv.line(COLUMNS) }, 0
  for i, connector in ipairs(connectors) do
    if errors[i] then
      failed = failed + 1
      recipe.complain("%s: left out: %s", connector.name or connector._id, tostring(errors[i]))
    end
    for _, row in ipairs(results[i] or {}) do
      if not args.expiring or expires_within(row, args.expiring) then
        lines[#lines + 1] = csv.line(row, #COLUMNS)
      end
    end
  end
  if args.output then
    recipe.save(args.output, table.concat(lines))
  else
    recipe.write(table.concat(lines))
  end
  recipe.say("%d rows of %d connectors%s", #lines - 1, #connectors - failed,
    failed > 0 and (", %d failed"):format(failed) or "")
  return failed > 0 and recipe.FOUND or recipe.DONE
end)
