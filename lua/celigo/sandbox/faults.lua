--- Failures that can be rehearsed: rules that say which requests fail, and how.
-- Checks rules, counts the requests that they match, makes the answers. Needs
-- neither sockets nor JSON, so that a script's own process can check rules as
-- well.

local routes = require "celigo.sandbox.routes"

local faults = {}

local Faults = {}
Faults.__index = Faults

local is_operation = {}
for _, name in ipairs(routes.names()) do is_operation[name] = true end

local CLOSES = { before = true, head = true, body = true }

local function is_count(least)
  return function(value)
    return math.type(value) == "integer" and value >= least
  end
end

local function is_names(value)
  if type(value) ~= "table" then return false end
  local count = 0
  for _, name in pairs(value) do
    count = count + 1
    if type(name) ~= "string" then return false end
  end
  return count == #value and count > 0
end

local function is_seconds(value)
  return type(value) == "number" and value >= 0 and value <= 86400
end

-- The method's name of an operation that may be written as the operationId.
local function method_name(operation)
  return (operation:gsub("%u", function(letter) return "_" .. letter:lower() end))
end

local fields = {
  operation = {
    function(value) return type(value) == "string" and is_operation[method_name(value)] end,
    "the name of a method of the client, or an operationId",
  },
  after = { is_count(0), "an integer from 0" },
  times = { function(value) return value == false or is_count(1)(value) end, "an integer from 1, or false" },
  status = {
    function(value) return math.type(value) == "integer" and value >= 200 and value <= 599 end,
    "an integer from 200 to 599",
  },
  code = {
    function(value) return type(value) == "string" or math.type(value) == "integer" end, "a string or an integer",
  },
  message = { function(value) return type(value) == "string" end, "a string" },
  retry_after = {
    function(value) return is_seconds(value) or type(value) == "string" and value:find "^[%g ]+$" end,
    "seconds, or a date as HTTP writes it",
  },
  body = { function(value) return type(value) == "string" end, "a string" },
  delay = { is_seconds, "seconds, a number from 0 to 86400" },
  close = { function(value) return CLOSES[value] end, '"before", "head" or "body"' },
  applied = { function(value) return type(value) == "boolean" end, "a boolean" },
  drop = { is_names, "an array of member names" },
}

--- The names of the fields that a rule may have, sorted.
function faults.fields()
  local list = {}
  for name in pairs(fields) do list[#list + 1] = name end
  table.sort(list)
  return list
end

-- JSON knows no integers; 2.0 is one.
local function plain(value)
  return type(value) == "number" and math.tointeger(value) or value
end

-- The status of a rule that describes an answer, but gives no status.
local function implied_status(rule)
  if rule.retry_after then return 429 end
  if rule.code or rule.message then return 422 end
  return rule.body and 200 or nil
end

--- Checks a rule. Returns a copy with all defaults filled in, or nil and what
-- is wrong.
function faults.check(rule)
  if type(rule) ~= "table" then return nil, "a rule must be a table, not " .. type(rule) end
  local copy = {}
  for name, value in pairs(rule) do
    local known = fields[name]
    if not known then
      return nil, ("unknown field '%s' in a rule; there are: %s"):format(
        tostring(name), table.concat(faults.fields(), ", "))
    end
    value = plain(value)
    if not known[1](value) then return nil, ("%s of a rule must be %s"):format(name, known[2]) end
    copy[name] = value
  end
  copy.status = copy.status or implied_status(copy)
  if not (copy.status or copy.close or copy.delay or copy.drop) then
    return nil, "a rule must say what happens: status, delay, close or drop"
  end
  copy.operation = copy.operation and method_name(copy.operation)
  copy.after = copy.after or 0
  if copy.times == nil then copy.times = 1 end
  return copy
end

--- Checks an array of rules. Returns the copies, or nil and what is wrong with
-- one.
function faults.check_all(rules)
  if type(rules) ~= "table" then return nil, "faults must be an array of rules" end
  local list = {}
  for key in pairs(rules) do
    if math.type(key) ~= "integer" or key < 1 or key > #rules then return nil, "faults must be an array of rules" end
  end
  for i, rule in ipairs(rules) do
    local checked, message = faults.check(rule)
    if not checked then return nil, message end
    list[i] = checked
  end
  return list
end

--- Whether a rule makes the request fail.
function faults.fails(rule)
  return rule.status ~= nil or rule.close ~= nil
end

--- Arms rules that have been checked.
function faults.new(rules)
  local self = setmetatable({ armed = {} }, Faults)
  for _, rule in ipairs(rules or {}) do self:add(rule) end
  return self
end

--- Arms one more rule.
function Faults:add(rule)
  self.armed[#self.armed + 1] = { rule = rule, seen = 0, left = rule.times or math.huge }
end

--- Forgets all rules.
function Faults:clear()
  self.armed = {}
end

-- A rule that only drops members is one for writes with a body.
local function matches(rule, operation, method)
  if rule.operation and rule.operation ~= operation then return false end
  return faults.fails(rule) or rule.delay ~= nil or method == "POST" or method == "PUT"
end

--- The rule that is applied to a request, or nil. Every rule counts the
-- requests that match it; the first rule that has let enough of them pass is
-- applied.
function Faults:take(operation, method)
  local taken
  for _, entry in ipairs(self.armed) do
    if matches(entry.rule, operation, method) then
      entry.seen = entry.seen + 1
      if not taken and entry.seen > entry.rule.after and entry.left > 0 then taken = entry end
    end
  end
  if not taken then return nil end
  taken.left = taken.left - 1
  return taken.rule
end

return faults
