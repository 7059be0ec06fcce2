--- Converters for arguments: each returns the value, or nil and what was
-- expected.

local celigo = require "celigo"

local arguments = {}

local DAY = 86400 -- seconds

--- The end of the time that a timestamp can tell.
arguments.LAST = celigo.parse_timestamp "9999-12-31T23:59:59Z"

--- An integer from 1, in decimal digits.
function arguments.count(text)
  local number = text:find "^%d+$" and math.tointeger(tonumber(text))
  if number and number >= 1 then return number end
  return nil, ("'%s': expected an integer from 1"):format(text)
end

--- Days that end before the year 10000.
function arguments.days(text)
  local days, message = arguments.count(text)
  if not days then return nil, message end
  if days <= (arguments.LAST - os.time()) // DAY then return days end
  return nil, ("'%s': leads beyond the year 9999"):format(text)
end

--- Seconds that a call may take.
function arguments.seconds(text)
  local number = (text:find "^%d+%.?%d*$" or text:find "^%.%d+$") and tonumber(text)
  if number and number > 0 and number <= DAY then return number end
  return nil, ("'%s': expected seconds, above 0 and up to %d"):format(text, DAY)
end

--- What can be an id in a path.
function arguments.id(text)
  if text ~= "" and text ~= "." and text ~= ".." then return text end
  return nil, ("'%s': expected an id"):format(text)
end

return arguments
