-- Methods of one class on objects of another, and on anything else.

local list = objects()
local methods = {
  client.list_connectors, client.request, client.submit, client.step, client.close, client.each, client.map,
  list.call.done, list.call.wait, list.call.cancel, list.call.result, list.call.ready,
  list.cursor.rest, list.cursor.ended, list.cursor.close, list.walk.close,
}
for i, f in ipairs(methods) do
  for _, o in pairs(list) do
    if f ~= client.close or o ~= client then
      pcall(f, o)
      pcall(f, o, o)
      pcall(f, o, id)
    end
  end
  for _, v in ipairs(junk) do
    assert(i == #methods or not pcall(f, v))
    pcall(f, v, v)
  end
end
use(objects())
