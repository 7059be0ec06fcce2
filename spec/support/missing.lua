--- What a system lacks that only some specs need: they are pending then, with
-- this as the reason.

local OPTIONAL = { "luv", "cqueues", "ev", "luaevent.core", "copas" }

local reasons = {}

local function look(name)
  if reasons[name] == nil then
    reasons[name] = not pcall(require, name) and ("%s is not installed for %s"):format(name, _VERSION)
  end
  return reasons[name]
end

local missing = {}

--- Modules of a program that keeps them in a folder of its own are found, too.
function missing.look_in(folder)
  package.path = ("%s;%s/?.lua"):format(package.path, folder)
  package.cpath = ("%s;%s/?.so"):format(package.cpath, folder)
end

--- Why a module, or a module of celigo that needs it, cannot be loaded; false
-- where it can.
function missing.module(name)
  return look(name:match "^celigo%.loop%.(%w+)$" or name)
end

--- The same for all that Lua code requires.
function missing.in_code(code)
  for _, name in ipairs(OPTIONAL) do
    if code:find('require "' .. name .. '"', 1, true) or code:find('require("' .. name .. '")', 1, true)
      or code:find('"celigo.loop.' .. name .. '"', 1, true) then
      local reason = look(name)
      if reason then return reason end
    end
  end
  return false
end

--- The same for any of the optional modules.
function missing.any()
  return look(OPTIONAL[1]) or look(OPTIONAL[2])
end

return missing
