--- Strict option tables for the Lua layer; the C core has its own.

local core = require "celigo.core"

local options = {}

-- The names of a table of kinds, sorted: the same text every time.
local function names_of(kinds)
  local names = {}
  for name in pairs(kinds) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function fits(value, kind)
  if kind == "count" then return type(value) == "number" and value >= 1 and math.tointeger(value) ~= nil end
  return type(value) == kind
end

local expected = {
  count = "an integer from 1",
  ["function"] = "a function",
  boolean = "a boolean",
}

--- Checks an option table; raises with the position of the caller's caller.
-- @tparam string what the method's name
-- @tparam[opt] table given what the caller gave
-- @tparam table kinds option names to `"count"`, `"function"` or `"boolean"`
-- @treturn table the options, never nil
function options.check(what, given, kinds)
  if given == nil then return {} end
  if type(given) ~= "table" then
    error(("%s: expected a table of options, got a %s"):format(what, type(given)), 3)
  end
  for name, value in pairs(given) do
    local kind = kinds[name]
    if not kind then
      local names = names_of(kinds)
      local near = core.nearest(tostring(name), names)
      local hint = near and ("did you mean '%s'?"):format(near) or "there are: " .. table.concat(names, ", ")
      error(("%s: unknown option '%s'; %s"):format(what, tostring(name), hint), 3)
    elseif not fits(value, kind) then
      error(("%s: option '%s': expected %s, got %s"):format(what, name, expected[kind], tostring(value)), 3)
    end
  end
  return given
end

return options
