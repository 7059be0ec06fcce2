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
      if entry[name] then
        members[#members + 1] = {
          name = name, raw = rawjson.string(entry[name]),
        }
      end
    end
    entries[i] = rawjson.join_members(members)
  end
  return answers.json(status,
                      '{"errors":' .. rawjson.join_elements(entries) .. "}")
end

--- One error in the envelope.
function answers.error(status, code, message, field)
  return answers.errors(status, {
    { code = code, message = message, field = field },
  })
end

--- A bare message, as the layer in front of the service answers.
function answers.bare(status, message)
  return answers.json(status, '{"message":' .. rawjson.string(message) .. "}")
end

--- 404 for a reference to nothing.
function answers.not_found(field)
  return answers.error(404, "invalid_ref",
                       field .. " does not refer to a known record", field)
end

local function page_number(value, least)
  local number = value:find("^%d+$") and math.tointeger(tonumber(value))
  return number and number >= least and number or nil
end

-- A link to another page of the same list; other query parameters stay.
local function page_link(context, skip, limit, rel)
  local parts = { "skip=" .. skip, "limit=" .. limit }
  for _, pair in ipairs(context.query) do
    if pair[1] ~= "skip" and pair[1] ~= "limit" then
      parts[#parts + 1] = http.escape(pair[1]) .. "="
        .. http.escape(pair[2])
    end
  end
  return ('<%s%s?%s>; rel="%s"'):format(
    context.link_base, context.request.path, table.concat(parts, "&"), rel)
end

--- One page of a list of records, by the query's `skip` and `limit`. The
-- context is { request, query, options, link_base }.
function answers.list(context, records)
  local skip, limit = 0, context.options.page_size
  for _, pair in ipairs(context.query) do
    if pair[1] == "skip" then
      skip = page_number(pair[2], 0)
    elseif pair[1] == "limit" then
      limit = page_number(pair[2], 1)
    end
    if not skip or not limit then
      return answers.error(400, "invalid_field",
                           pair[1] .. " is not a valid number", pair[1])
    end
  end
  local texts, links = {}, {}
  for i = skip + 1, math.min(skip + limit, #records) do
    texts[#texts + 1] = records[i]:json()
  end
  if skip + limit < #records then
    links[1] = page_link(context, skip + limit, limit, "next")
  end
  if skip > 0 then
    links[#links + 1] =
      page_link(context, math.max(skip - limit, 0), limit, "prev")
  end
  if #texts == 0 and context.options.empty_list_status == 204 then
    return { status = 204 }
  end
  local answer = answers.json(200, rawjson.join_elements(texts))
  answer.link = links[1] and table.concat(links, ", ")
  return answer
end

return answers
