--- Checks request bodies against the contract's shapes, as the service does. It
-- shares no code with the client's validation, so that the two can be tested
-- against each other.

local rawjson = require "celigo.sandbox.rawjson"

local check = {}

local string_type = { types = { "string" } }
local boolean_type = { types = { "boolean" } }
local strings = { types = { "array" }, items = string_type }

local opts = {
  types = { "object" },
  fields = {
    connectorEdition = string_type,
    addonLicenses = {
      types = { "array" },
      items = {
        types = { "object" },
        fields = {
          type = string_type,
          licenses = {
            types = { "array" },
            items = {
              types = { "object" },
              fields = { addOnEdition = string_type },
            },
          },
        },
      },
    },
  },
}

local date_time = { types = { "string" }, format = "date-time" }
local email = { types = { "string" }, format = "email" }
local object_id = { types = { "string" }, format = "objectId" }

--- A shape: types it may have, `fields` of an object, `items` of an array,
-- `required` members in the order in which they are reported.
check.shapes = {
  Connector = {
    types = { "object" },
    required = { "name" },
    trial_rule = true,
    fields = {
      name = string_type,
      description = string_type,
      imageURL = string_type,
      websiteURL = string_type,
      contactEmail = { types = { "string" }, format = "list of emails" }, -- the service holds lists in it
      published = boolean_type,
      managed = boolean_type,
      _integrationId = object_id,
      _stackId = object_id,
      installerFunction = string_type,
      updateFunction = string_type,
      preUninstallFunction = string_type,
      uninstallerFunction = string_type,
      externalInstallerFunction = string_type,
      _sharedImportIds = strings,
      _sharedExportIds = strings,
      _iClientIdMap = {
        types = { "array" },
        items = {
          types = { "object" },
          fields = {
            _id = { types = { "string", "boolean" } },
            _iClientIds = strings,
            connection = {
              types = { "object" },
              fields = { type = string_type },
            },
          },
        },
      },
      applications = strings,
      trialEnabled = boolean_type,
      trialPeriod = { types = { "integer" } },
      _trialLicenseId = object_id,
      oAuthServerFlow = {
        types = { "object" },
        fields = { _iClientId = object_id },
      },
    },
  },
  License = {
    types = { "object" },
    fields = {
      expires = date_time,
      created = date_time,
      opts = opts,
      user = {
        types = { "object" },
        fields = { email = email, _id = object_id, name = string_type },
      },
      _integrationId = object_id,
    },
  },
  LicenseCreateRequest = {
    types = { "object" },
    required = { "email", "expires", "opts" },
    fields = { email = email, expires = date_time, opts = opts },
  },
  TypedLicense = {
    types = { "object" },
    fields = { email = email, expires = date_time, opts = opts, type = string_type },
  },
  PushUpdate = {
    types = { "object" },
    fields = { _integrationIds = strings },
  },
  Install = { types = { "object" } },
}

local function is_leap(year)
  return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
end

local MONTH_DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function is_date_time(text)
  local year, month, day, hour, minute, second, rest = text:match(
    "^(%d%d%d%d)%-(%d%d)%-(%d%d)[Tt](%d%d):(%d%d):(%d%d)(.*)$")
  if not year then return false end
  month, day = tonumber(month), tonumber(day)
  local days = MONTH_DAYS[month] or 0
  if month == 2 and is_leap(tonumber(year)) then days = 29 end
  local zone = rest:gsub("^%.%d+", "")
  if day < 1 or day > days or tonumber(hour) > 23 or tonumber(minute) > 59 or tonumber(second) > 60 then
    return false
  end
  return zone == "Z" or zone == "z" or zone:find "^[+-][01]%d:[0-5]%d$" ~= nil
    or zone:find "^[+-]2[0-3]:[0-5]%d$" ~= nil
end

local function is_email(text)
  return text:find "^[^%s@,]+@[^%s@.,]+[^%s@,]*%.[^%s@.,]+$" ~= nil
end

-- Several addresses, separated by commas.
local function are_emails(text)
  for address in (text .. ","):gmatch "([^,]*)," do
    if not is_email(address:match "^%s*(.-)%s*$") then return false end
  end
  return true
end

local formats = {
  ["date-time"] = is_date_time,
  email = is_email,
  ["list of emails"] = are_emails,
  objectId = function() return true end, -- opaque
}

local function kind_of(raw)
  local kind = rawjson.kind(raw)
  if kind == "number" and math.tointeger(rawjson.value(raw)) then return "integer" end
  return kind
end

local function allows(shape, kind)
  for _, allowed in ipairs(shape.types) do
    if allowed == kind then return true end
  end
  return false
end

local function add(faults, code, field, message)
  faults[#faults + 1] = {
    code = code, field = field, message = field .. " " .. message,
  }
end

local visit -- forward: shapes nest

local function visit_object(raw, shape, path, faults)
  local prefix = path == "" and "" or path .. "."
  local given = {}
  for _, member in ipairs(rawjson.members(raw)) do
    given[member.name] = member.raw
    local field = shape.fields and shape.fields[member.name]
    if field and rawjson.kind(member.raw) ~= "null" then
      visit(member.raw, field, prefix .. member.name, faults)
    end
  end
  local function missing(name)
    return not given[name] or rawjson.kind(given[name]) == "null"
  end
  for _, name in ipairs(shape.required or {}) do
    if missing(name) or given[name] == '""' then
      add(faults, "missing_required_field", prefix .. name, "is required")
    end
  end
  if shape.trial_rule and given.trialEnabled == "true" then
    for _, name in ipairs { "trialPeriod", "_trialLicenseId" } do
      if missing(name) then
        add(faults, "missing_required_field", name, "is required while trialEnabled is true")
      end
    end
  end
end

function visit(raw, shape, path, faults)
  local kind = kind_of(raw)
  if not allows(shape, kind) then
    add(faults, nil, path, ("must be of type %s, not %s"):format(
      table.concat(shape.types, " or "), kind))
  elseif kind == "object" then
    visit_object(raw, shape, path, faults)
  elseif kind == "array" and shape.items then
    for i, element in ipairs(rawjson.elements(raw)) do
      visit(element, shape.items, ("%s[%d]"):format(path, i - 1), faults)
    end
  elseif shape.format and not formats[shape.format](rawjson.value(raw)) then
    add(faults, nil, path, "is not a valid " .. shape.format)
  end
end

--- What is wrong with an object's text: an array of { code?, field, message },
-- which may be empty. The text must be valid JSON.
function check.body(raw, shape)
  local faults = {}
  visit(raw, shape, "", faults)
  return faults
end

return check
