--- The install base of an account: the licenses and installations of every
-- connector, joined.

local output = require "recipe.output"
local recipe = require "recipe"
local records = require "recipe.records"

local text = records.text

local installs = {}

--- The members of a row, in the order of an export's columns.
installs.COLUMNS = {
  "connector_id", "connector", "license_id", "type", "email", "user", "company", "edition", "created", "expires",
  "trial_end", "integration_id", "integration", "version", "update_in_progress", "sandbox",
}

-- The first of these records' members that is a boolean, or nil.
local function flag(name, ...)
  for i = 1, select("#", ...) do
    local record = select(i, ...)
    if type(record) == "table" and type(record[name]) == "boolean" then return record[name] end
  end
  return nil
end

-- license and install: one of them may be nil.
local function row_of(connector, license, install)
  return {
    connector_id = text(connector, "_id"),
    connector = text(connector, "name"),
    license_id = text(license, "_id") or text(install, "_licenseId"),
    type = text(license, "type"),
    email = text(license, "user", "email") or text(install, "email") or text(install, "user", "email"),
    user = text(license, "user", "name") or text(install, "user", "name"),
    company = text(license, "user", "company"),
    edition = license and records.edition_name(connector, license),
    created = text(license, "created"),
    expires = text(license, "expires"),
    trial_end = text(license, "trialEndDate"),
    integration_id = text(install, "_integrationId") or text(license, "_integrationId"),
    integration = text(install, "name"),
    version = text(install, "version"),
    update_in_progress = flag("updateInProgress", install),
    sandbox = flag("sandbox", install, license),
    is_installed = install ~= nil,
    is_orphan = license == nil, -- an installation whose license is gone
  }
end

-- One row for each license, with its installation where there is one; then
-- one for each installation whose license is gone.
local function rows_of(client, connector)
  local licenses, installed, errors = client:gather(
    function() return client:list_connector_licenses(connector._id) end,
    function() return client:get_connector_install_base(connector._id) end)
  if errors then error(errors[1] or errors[2], 0) end
  local by_integration, is_joined, rows = {}, {}, {}
  for _, install in ipairs(installed) do
    local id = records.integration(install)
    if id then by_integration[id] = install end
  end
  for _, license in ipairs(licenses) do
    local install = by_integration[records.integration(license) or license]
    if install then is_joined[install] = true end
    rows[#rows + 1] = row_of(connector, license, install)
  end
  for _, install in ipairs(installed) do
    if not is_joined[install] then rows[#rows + 1] = row_of(connector, nil, install) end
  end
  return rows
end

-- Tells what to say of a run that is interrupted: while it reads, and, once
-- the function that is returned has been called, while it writes what came of
-- it, to a file where there is a path.
local function expect_interruption(counts, path)
  local function read()
    return ("%d of %s connectors were read; nothing was"):format(counts.read, counts.total or "the")
  end
  recipe.on_interrupt(function()
    return read() .. " written or changed" .. (path and (", and %s is as it was"):format(path) or "")
  end)
  return function()
    recipe.on_interrupt(function()
      return ("%s changed; %s"):format(read(),
        path and path .. " is as it was, or whole" or "the output may be cut short")
    end)
  end
end

--- Reads all of it, and tells which connectors could not be read. Returns the
-- connectors, the rows of all of them in their order, how many connectors
-- failed, and a function to call before the result is written.
-- @param client
-- @tparam table args the recipe's: `concurrency`, `output`
-- @tparam string verb for the progress bar, such as "reading"
function installs.read(client, args, verb)
  local counts = { read = 0 }
  local writes = expect_interruption(counts, args.output)
  local connectors = recipe.list_connectors(client)
  counts.total = #connectors
  local results, errors = client:map(connectors, function(connector)
    local rows = rows_of(client, connector)
    counts.read = counts.read + 1
    return rows
  end, { concurrency = args.concurrency, on_progress = recipe.progress_bar(verb) })
  local all, failed = {}, 0
  for i, connector in ipairs(connectors) do
    if errors[i] then
      failed = failed + 1
      output.complain("%s: could not be read: %s", text(connector, "name") or connector._id, errors[i])
    end
    table.move(results[i] or {}, 1, #(results[i] or {}), #all + 1, all)
  end
  return connectors, all, failed, writes
end

--- What was read, in words.
function installs.summary(connectors, rows, failed)
  return ("%d rows of %d connectors%s"):format(
    #rows, #connectors - failed, failed > 0 and (", %d could not be read"):format(failed) or "")
end

return installs
