--- Answers of the sandbox: JSON bodies, the service's error shapes, pages of
-- a list. An answer is { status, body?, json?, link?, headers? }.

local http = require "celigo.sandbox.http"
local rawjson = require "celigo.sandbox.rawjson"

local answers = {}

--- A JSON text.
function answers.json(status, body)
  return { status = status, body = body, json = true }
end

--- A list of { code, message, field?, source? } in the service's envelope.
function answers.errors(status, list)
  local entries = {}
  for i, entry in ipairs(list) do
    local members = {}
    for _, name in ipairs { "code", "message", "field", "source" } do
      local value = entry[name]
      if value then
        local raw = type(value) == "string" and rawjson.string(value) or ("%d"):format(value)
        members[#members + 1] = { name = name, raw = raw }
      end
    end
    entries[i] = rawjson.join_members(members)
  end
  return answers.json(status, '{"errors":' .. rawjson.join_elements(entries) .. "}")
end

--- One error in the envelope. Where no code of the service is known, `code` is
-- nil.
function answers.error(status, code, message, field)
  return answers.errors(status, { { code = code, message = message, field = field } })
end

--- A bare message, as the layer in front of the service answers.
function answers.bare(status, message)
  return answers.json(status, '{"message":' .. rawjson.string(message) .. "}")
end

--- 404 for something that does not exist; the contract says no more about it.
function answers.not_found(field)
  return answers.error(404, "invalid_ref", "Not Found", field)
end

--- 400 for an id that cannot be valid.
function answers.bad_request(field)
  return answers.error(400, nil, "Bad Request", field)
end

local MOST = 2 ^ 53 | 0 -- larger numbers are no more than this

local function page_number(value, least)
  if not value:find "^%d+$" then return nil end
  local number = tonumber(value) < MOST and math.tointeger(tonumber(value)) or MOST
  return number >= least and number or nil
end

-- The page that a query asks for: { skip, limit, include? }, or nil and the
-- name of the parameter that is wrong.
local function read_query(query, page_size)
  local page = { skip = 0, limit = page_size }
  for _, pair in ipairs(query) do
    local name, value = pair[1], pair[2]
    if name == "skip" or name == "limit" then
      page[name] = page_number(value, name == "skip" and 0 or 1)
      if not page[name] then return nil, name end
    elseif name == "include" then
      page.include = { _id = true, name = true }
      for member in value:gmatch "[^,%s]+" do page.include[member] = true end
    end
  end
  return page
end

-- A link to another page of the same list; other query parameters stay.
local function page_link(context, skip, limit, rel)
  local parts = { "skip=" .. skip, "limit=" .. limit }
  for _, pair in ipairs(context.query) do
    if pair[1] ~= "skip" and pair[1] ~= "limit" then
      parts[#parts + 1] = http.escape(pair[1]) .. "=" .. http.escape(pair[2])
    end
  end
  return ('<%s%s?%s>; rel="%s"'):format(context.link_base, context.request.path, table.concat(parts, "&"), rel)
end

local function page_links(context, page, count)
  local skip, limit, links = page.skip, page.limit, {}
  if skip + limit < count then links[1] = page_link(context, skip + limit, limit, "next") end
  if skip > 0 then links[#links + 1] = page_link(context, math.max(skip - limit, 0), limit, "prev") end
  return links[1] and table.concat(links, ", ")
end

local function show(record, include)
  if not include then return record:json() end
  local members = {}
  for _, member in ipairs(record.members) do
    if include[member.name] then members[#members + 1] = member end
  end
  return rawjson.join_members(members)
end

--- One page of a list of records, by the query's `skip`, `limit` and
-- `include`. The context is { request, query, options, link_base };
-- `form.links` false: no `Link`.
function answers.list(context, records, form)
  local page, wrong = read_query(context.query, context.options.page_size)
  if not page then return answers.error(400, nil, wrong .. " is not a valid number", wrong) end
  local texts = {}
  for i = page.skip + 1, math.min(page.skip + page.limit, #records) do
    texts[#texts + 1] = show(records[i], page.include)
  end
  if #texts == 0 and context.options.empty_list_status == 204 then return { status = 204 } end
  local answer = answers.json(200, rawjson.join_elements(texts))
  if not (form and form.links == false) then answer.link = page_links(context, page, #records) end
  return answer
end

return answers
