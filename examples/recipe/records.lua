--- What the records of the service say, in both their shapes: that of its
-- contract, and that of the newer framework as it is reported. Nothing here
-- insists on either.

local celigo = require "celigo"

local records = {}

--- A member of a member …, as text; null, "" and what is no scalar are nil.
function records.text(record, ...)
  local value = record
  for i = 1, select("#", ...) do
    if type(value) ~= "table" then return nil end
    value = value[select(i, ...)]
  end
  if value == nil or value == celigo.null or value == "" or type(value) == "table" then return nil end
  return tostring(value)
end

local text = records.text

--- The options of a license, made where they are missing, or an empty array.
function records.opts(license)
  if type(license.opts) ~= "table" or next(license.opts) == nil then license.opts = celigo.object {} end
  return license.opts
end

--- Whether a connector is of the newer framework: without a stack, and with
-- editions of its own.
function records.is_newer(connector)
  return connector.framework == "twoDotZero" or type(connector.twoDotZero) == "table"
end

--- The editions of a connector of the newer framework: { id, name }.
function records.editions(connector)
  local found = {}
  local newer = connector.twoDotZero
  local editions = type(newer) == "table" and newer.editions
  if type(editions) ~= "table" then return found end
  for _, edition in ipairs(editions) do
    local id = text(edition, "_id")
    if id then found[#found + 1] = { id = id, name = text(edition, "displayName") or id } end
  end
  return found
end

--- The edition that a word means, by id or by name; or nil.
function records.find_edition(connector, word)
  local editions = records.editions(connector)
  for _, edition in ipairs(editions) do
    if edition.id == word then return edition end
  end
  for _, edition in ipairs(editions) do
    if edition.name:lower() == word:lower() then return edition end
  end
  return nil
end

--- The name of a license's edition, or its id where the connector does not
-- name it.
function records.edition_name(connector, license)
  local id = text(license, "_editionId")
  if not id then return text(license, "opts", "connectorEdition") end
  for _, edition in ipairs(records.editions(connector)) do
    if edition.id == id then return edition.name end
  end
  return id
end

--- When a license ends: seconds, and the name of the member that says it. A
-- trial has `trialEndDate` in place of `expires`; templates and child
-- licenses have neither.
function records.ending(license)
  for _, name in ipairs { "expires", "trialEndDate" } do
    local value = text(license, name)
    local seconds = value and celigo.parse_timestamp(value)
    if seconds then return seconds, name end
  end
  return nil
end

--- The integration of a license or an installation.
function records.integration(record)
  return text(record, "_integrationId")
end

return records
