-- A call whose client is gone.

local list = objects()
for _, name in ipairs { "call", "list", "cursor", "page_call", "ahead" } do
  if list[name] then
    for n = 2, 3 do debug.setuservalue(list[name], nil, n) end
  end
end
local kept =
  { call = list.call, list = list.list, cursor = list.cursor, page_call = list.page_call, ahead = list.ahead }
list = nil
client = nil
collectgarbage()
collectgarbage()
collectgarbage()
client = celigo.new { token = "mine-0123456", base_url = url }
use(kept)
