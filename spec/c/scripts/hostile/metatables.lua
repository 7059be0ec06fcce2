-- Metatables that are edited.

local list = objects()
for _, o in pairs(list) do
  local m = debug.getmetatable(o)
  if type(m) == "table" then
    m.__index = function(self, name)
      look(name)
      return self
    end
    local gc = m.__gc
    m.__gc = function(self)
      look(tostring(self))
      return gc(self)
    end
    m.__name = "x"
    m.__tostring = nil
    m.__close = nil
    look(tostring(o))
  end
end
list = nil
collectgarbage()
collectgarbage()
