-- A server that answers with what it was sent.

local function all(v)
  if type(v) == "table" then
    for k, x in pairs(v) do
      all(k)
      all(x)
    end
  elseif type(v) == "string" then
    look(v)
  end
end
local journal, response = client:request { path = "/__journal" }
assert(#journal.requests > 0)
all(journal)
all(response)
for record in client:each { path = "/__journal" } do all(record) end
for page in client:pages { path = "/__journal" } do all(page) end
local call = client:submit("request", { path = "/__journal" })
all(call:wait())
local text = celigo.json.encode(journal)
assert(text:find("Bearer %*+"), text:sub(1, 300))
