-- A server that shows pieces of what it was sent, and lets the script choose
-- which: at no cut eight bytes of the token are seen.

local masked = 0
local function show(from, to, as)
  local value, response = echo:request { path = ("/v1/echo?from=%d&to=%d&as=%s"):format(from, to, as) }
  local text = as == "fold" and (response or value).headers["x-echo"] or assert(value, response).echo
  look(text, (text:gsub("&#(%d+);", string.char)), (text:gsub("\r\n ", "")))
  look((text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)))
  if as == "json2" then look((celigo.json.decode(text))) end
  if text:find("********", 1, true) then masked = masked + 1 end
end
local function shift(as, step)
  for at = 1, 300, step do
    show(1, at, as)
    show(at, 512, as)
  end
end
shift("json", 1)
for _, as in ipairs { "json2", "percent", "html", "fold" } do
  local before = masked
  shift(as, 5)
  assert(masked > before, as)
end

-- In errors, too.
local _, err = echo:request { path = "/v1/echo?from=1&to=512&as=json&fail" }
look(tostring(err), celigo.json.encode(err))
