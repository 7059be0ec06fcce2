--- Error objects: what a failed call returns beside nil. `tostring` makes one
-- line of it that a person can act on.
-- @classmod celigo.error

--- What an error object holds. `err.code`, `err.message`, `err.field` and
-- `err.source` are those of the first entry of `errors`.
-- @table fields
-- @tfield string kind `"http"` (a status other than 2xx), `"network"`,
--   `"timeout"`, `"decode"` (no valid JSON, or no records), `"limit"`, `"validation"`,
--   `"pagination"`, `"cancelled"` or `"closed"`
-- @tfield[opt] integer status of HTTP, for `http` and `decode`
-- @tfield string|integer code the service's, or one in words, such as
--   `"connect_failed"`; an integer mirrors the status of another service
-- @tfield string message what went wrong
-- @tfield[opt] string field of the document, such as `"opts.addonLicenses"`
-- @tfield[opt] string source of the service's error
-- @tfield {table,...} errors the whole list, each with `code`, `message`,
--   `field` and `source`; empty if there is none
-- @tfield string method of HTTP
-- @tfield string path without its query
-- @tfield string operation the method's name, or `"request"`
-- @tfield integer attempts how many exchanges there were
-- @tfield number elapsed seconds
-- @tfield boolean retryable whether the same call can succeed later
-- @tfield boolean maybe_applied whether a failed write may have been done
--   nevertheless
-- @tfield[opt] string where `file:line` of the call in the caller's code; a
--   submitted call's is where it was submitted
-- @tfield[opt] number retry_after seconds, where the service said so
-- @tfield[opt] string body of the answer, cut at 64 KiB
-- @tfield[opt] table headers of the answer, by name in lower case
-- @tfield[opt] string page of an iterator: path and query to go on from

local base = require "celigo.base"

local MAX_BODY = 64 * 1024 -- bytes of a body that an error keeps
local MAX_KEPT = 4 * 1024 -- bytes of each other text
local MAX_SHOWN = 5 -- entries that tostring shows
local MAX_MESSAGE = 400 -- bytes of each
local MAX_TEXT = 200 -- bytes of a body that is shown as its text

local null = base.json.null
local ENTRY = { code = true, field = true, source = true } -- what tells nothing without a message

local NAME = "celigo.error"

local methods = {}
local Error = { __index = methods, __name = NAME, __metatable = NAME }

-- What tostring shows and no field has: how often the call was tried, and
-- whether the body breaks only the contract.
local tries = setmetatable({}, { __mode = "k" })
local contract = setmetatable({}, { __mode = "k" })

-- Explains how to get a string: an error is easily taken for one.
local function no_string(name)
  return function()
    error(("this is an error object, not a string: use tostring(err):%s(...), or its fields (err.code, err.message) "
      .. "and err:has(code)"):format(name), 2)
  end
end

local function no_method()
  error("an error object has no method tostring: use tostring(err)", 2)
end

setmetatable(methods, {
  __index = function(_, name)
    if name == "tostring" then return no_method end
    if type(name) == "string" and type(string[name]) == "function" then return no_string(name) end
  end,
})

-- HTTP statuses in words, for answers without a code.
local words = {
  [300] = "multiple_choices",
  [301] = "moved_permanently",
  [302] = "found",
  [303] = "see_other",
  [304] = "not_modified",
  [307] = "temporary_redirect",
  [308] = "permanent_redirect",
  [400] = "bad_request",
  [401] = "unauthorized",
  [402] = "payment_required",
  [403] = "forbidden",
  [404] = "not_found",
  [405] = "method_not_allowed",
  [406] = "not_acceptable",
  [408] = "request_timeout",
  [409] = "conflict",
  [410] = "gone",
  [412] = "precondition_failed",
  [413] = "content_too_large",
  [414] = "uri_too_long",
  [415] = "unsupported_media_type",
  [422] = "unprocessable_content",
  [429] = "too_many_requests",
  [431] = "request_header_fields_too_large",
  [500] = "internal_server_error",
  [501] = "not_implemented",
  [502] = "bad_gateway",
  [503] = "service_unavailable",
  [504] = "gateway_timeout",
}

-- What to do about a status, if its message does not say so. The advice for 403
-- is only for paths of this API: elsewhere it has other reasons.
local advice = {
  [401] = { text = "check the token; a token of one region (us, eu) is no good at the other" },
  [403] = {
    text = "the Connectors API is for Partner accounts only; check the account and the token's scope",
    path = "^/v1/connectors%f[/\0]",
  },
}

local function advice_for(err)
  local found = advice[err.status]
  return found and (not found.path or (err.path or ""):find(found.path)) and found.text
end

local function words_of(status)
  return words[status] or ("http_%d"):format(status)
end

-- Cuts a text between characters.
local function cut(text, max)
  if #text <= max then return text end
  local last = max
  while last > 0 and text:find("^[\x80-\xBF]", last + 1) do last = last - 1 end
  return text:sub(1, last) .. "…"
end

-- The part of a text that an error keeps; not for the body.
local function kept(text)
  if #text <= MAX_KEPT then return text end
  return cut(text, MAX_KEPT - #"…")
end

local function text_or_nil(v)
  if type(v) == "string" then return v ~= "" and kept(v) or nil end
  if type(v) == "number" then return tostring(v) end
  return nil
end

-- A code is a string, or an integer that mirrors the status of another service.
local function code_or_nil(v)
  if type(v) == "number" then return v end
  return text_or_nil(v)
end

local entities = { amp = "&", lt = "<", gt = ">", quot = '"', nbsp = " ", ["#39"] = "'" }

-- The end of the markup that begins at `at`, or nil. `lower` is the page in
-- lower case.
local function end_of_markup(lower, at)
  local opening = "<"
  if lower:sub(at, at + 3) == "<!--" then return select(2, lower:find("-->", at + 4, true)) end
  for _, name in ipairs { "<script", "<style" } do
    if lower:sub(at, at + #name - 1) == name then
      opening = "</" .. name:sub(2)
      at = lower:find(opening, at, true)
      break
    end
  end
  return at and lower:find(">", at + #opening, true)
end

-- The text that a person sees on an HTML page. It reads the page only once: a
-- hostile page could keep patterns busy for very long.
local function text_of_html(html)
  local lower, parts, at = html:lower(), {}, 1
  while at do
    local from = html:find("<", at, true)
    parts[#parts + 1] = html:sub(at, (from or 0) - 1)
    local to = from and end_of_markup(lower, from)
    at = to and to + 1
  end
  return (table.concat(parts, " "):gsub("&(#?%w+);", entities))
end

-- The message of a body that is not JSON, or has no known shape.
local function text_of(body)
  local text = body:sub(1, MAX_BODY)
  if text:find "^%s*<" or text:lower():find("<html", 1, true) then text = text_of_html(text) end
  text = cut(text:gsub("[%c%s]+", " "):gsub("^ ", ""):gsub(" $", ""), MAX_TEXT)
  if not base.json.encode(text) then text = text:gsub("[\x80-\xFF]", "?") end -- it is no UTF-8
  return text ~= "" and text or nil
end

local function is_list(value)
  return type(value) == "table" and #value > 0
end

-- The message and code of an object that describes one error.
local function one_error(value)
  local inner = value.error
  local code, message = code_or_nil(value.code), text_or_nil(value.message)
  if type(inner) == "table" then
    code, message = code or code_or_nil(inner.code), message or text_or_nil(inner.message)
  elseif type(inner) == "string" then
    if not message then message = text_or_nil(value.error_description) end
    if message and not code and inner:find "^[%w_.-]+$" then code = inner end
    message = message or inner
  end
  return message, code
end

-- The JSON of a value that has no message: `text`, or else its own. nil if it
-- holds nothing except what an error entry has fields for.
local function rest_of(v, text)
  local rest = type(v) ~= "table" and v ~= null and v ~= ""
  if type(v) == "table" then
    for name, value in pairs(v) do rest = rest or not ENTRY[name] and value ~= "" and value ~= null end
  end
  return rest and text_of(text or base.json.encode(v, { sort = true })) or nil
end

-- One entry of the service's list, in any shape.
local function entry_of(v)
  if type(v) ~= "table" then return { message = text_or_nil(v) or rest_of(v) } end
  local message, code = one_error(v)
  return { code = code, message = message or rest_of(v), field = text_or_nil(v.field), source = text_or_nil(v.source) }
end

-- The service's list of errors; and message and code, for an answer without a
-- list.
local function read_body(body)
  local value = base.json.decode(body)
  if type(value) == "string" then return {}, value ~= "" and value or nil end
  if type(value) ~= "table" then return {}, text_of(body) end
  local list = is_list(value.errors) and value.errors or is_list(value) and value
  local errors = {}
  for i, v in ipairs(list or {}) do errors[i] = entry_of(v) end
  local message, code = one_error(value)
  if type(value.errors) == "string" then message = message or value.errors end
  if not errors[1] and not message then message = rest_of(value, body) end
  return errors, message, code
end

local function plain_message(err)
  local location = err.headers and err.headers.location
  if err.status == 304 then
    return "not changed, says the service: the headers of the request (If-None-Match, If-Modified-Since) asked for it "
      .. "only if it had; there is no body"
  elseif err.status >= 300 and err.status < 400 then
    return ("redirects are not followed (to %s); check base_url"):format(location or "nowhere")
  end
  return "the answer says no more than its status"
end

local function read_answer(err)
  local message, code
  err.errors, message, code = read_body(err.body)
  local first = err.errors[1] or {}
  err.code = first.code or code or words_of(err.status)
  err.message = first.message or message
  if not err.message then
    local said = first.code or code or first.field
    err.message = said and "the answer has no message" or plain_message(err)
  end
  err.field, err.source = first.field, first.source
end

local ANYWAY = "; validate = false sends it anyway"

-- For entries, and errors, whose message ends with this advice: the message
-- without it.
local plain = setmetatable({}, { __mode = "k" })

-- The message of an entry, or of an error, without advice.
local function message_of(entry)
  return plain[entry] or entry.message
end

-- Takes code, message and field from the first entry of the list. If only the
-- contract is broken, the advice is added to that entry's message.
local function tell_first(err)
  local first = err.errors[1]
  if contract[err] and not plain[first] then
    plain[first] = first.message
    first.message = first.message .. ANYWAY
  end
  err.code, err.message, err.field = first.code, first.message, first.field
  plain[err] = plain[first]
end

-- Makes an error object of a table with its fields; called by the C core.
local function new(err)
  if err.kind == "http" then read_answer(err) end
  if err.kind == "pagination" then err.status = nil end -- the page itself was good
  if err.body and #err.body > MAX_BODY then err.body = err.body:sub(1, MAX_BODY) end
  if err.message then err.message = kept(err.message) end
  err.errors = err.errors or {}
  for _, entry in ipairs(err.errors) do
    for name, text in pairs(entry) do
      if type(text) == "string" then entry[name] = kept(text) end
    end
  end
  tries[err], err.tries = err.tries, nil
  contract[err], err.contract = err.contract or nil, nil
  if err.errors[1] and not err.message then tell_first(err) end
  return setmetatable(err, Error)
end

-- Keeps only some entries of a validation error.
local function narrow(err, entries)
  err.errors = entries
  tell_first(err)
  return err
end

local function show(entry)
  local message = message_of(entry) or "no message"
  local text = ("%s: %s"):format(entry.code or "error", cut(message, MAX_MESSAGE))
  local field = entry.field
  if field and field ~= "" and message:sub(1, #field + 1) ~= field .. ":" then
    text = ("%s (field: %s)"):format(text, field)
  end
  return text
end

local function show_all(err)
  local advice_after = contract[err] and ANYWAY or ""
  if #err.errors < 2 then return show(err) .. advice_after end
  local shown = {}
  for i = 1, math.min(#err.errors, MAX_SHOWN) do shown[i] = show(err.errors[i]) end
  if #err.errors > MAX_SHOWN then shown[#shown + 1] = ("and %d more"):format(#err.errors - MAX_SHOWN) end
  return table.concat(shown, "; ") .. advice_after
end

-- Seconds with one digit after the point; string.format depends on the locale.
local function seconds(value)
  local tenths = math.floor(value * 10 + 0.5)
  return ("%d.%d s"):format(tenths // 10, tenths % 10)
end

-- One line that a person can act on.
function Error:__tostring()
  local what = self.kind == "http" and tostring(self.status) or self.kind
  local text = ("%s %s: %s %s"):format(self.method or "?", self.path or "?", what, show_all(self))
  local hint = advice_for(self)
  if hint then text = ("%s; %s"):format(text, hint) end
  local wait = self.retry_after
  if type(wait) == "number" and wait > 0 then text = ("%s; the service asks to wait %s"):format(text, seconds(wait)) end
  local tried = tries[self]
  if tried and tried > 1 then text = ("%s (after %d attempts in %s)"):format(text, tried, seconds(self.elapsed)) end
  if self.where then text = ("%s: %s"):format(self.where, text) end
  return base.plain(text)
end

function Error.__concat(a, b)
  return tostring(a) .. tostring(b)
end

local function is_error(v)
  return type(v) == "table" and getmetatable(v) == NAME
end

-- Raises if `has` is not called as err:has(code).
local function check_has(err, code, ...)
  local kind = type(code)
  if not is_error(err) then
    error(("has: expected the error as the first argument, got a %s; a method is called with a colon: err:has(code)")
      :format(type(err)), 3)
  elseif kind ~= "nil" and kind ~= "string" and kind ~= "number" or next { ... } ~= nil then
    error(("has: expected one code, a string or an integer, got a %s; it takes has(code)"):format(
      next { ... } ~= nil and "second one" or kind), 3)
  end
end

--- Whether any entry of the service's list, or the error itself, has a code.
-- @function has
-- @tparam string|integer code such as `"invalid_ref"`
-- @treturn boolean
-- @usage
-- local connector, err = client:get_connector_by_id(("0"):rep(24))
-- if not connector and err:has "invalid_ref" then
--   print "there is no such connector"
-- end
function methods:has(code, ...)
  check_has(self, code, ...)
  if code == nil then return false end
  if self.code == code then return true end
  for _, entry in ipairs(self.errors) do
    if entry.code == code then return true end
  end
  return false
end

return { new = new, narrow = narrow, message_of = message_of, is_error = is_error }
