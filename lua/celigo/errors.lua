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
--   `"connect_failed"`; an integer mirrors an upstream's status
-- @tfield string message what went wrong
-- @tfield[opt] string field of the document, such as `"opts.addonLicenses"`
-- @tfield[opt] string source of the service's error
-- @tfield {table,...} errors the whole list, each with `code`, `message`,
--   `field` and `source`; empty where there is none
-- @tfield string method of HTTP
-- @tfield string path without its query
-- @tfield string operation the method's name, or `"request"`
-- @tfield integer attempts how many exchanges there were
-- @tfield number elapsed seconds
-- @tfield boolean retryable whether the same call can succeed later
-- @tfield boolean maybe_applied whether a failed write may have been done all
--   the same
-- @tfield[opt] number retry_after seconds, where the service said so
-- @tfield[opt] string body of the answer, cut at 64 KiB
-- @tfield[opt] table headers of the answer, by name in lower case
-- @tfield[opt] string page of an iterator: path and query to go on from

local base = require "celigo.base"

local MAX_BODY = 64 * 1024 -- bytes of a body that an error keeps
local MAX_TEXT = 4 * 1024 -- bytes of any other text of an answer's body
local MAX_SHOWN = 5 -- entries that tostring shows

local NAME = "celigo.error"

local methods = {}
local Error = { __index = methods, __name = NAME, __metatable = NAME }

-- HTTP statuses in words, for answers that give no code of their own.
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

-- What to do about a status, where its own message does not say so. A 403 of
-- other paths has reasons of their own.
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

-- Cuts between characters.
local function cut(text)
  if #text <= MAX_TEXT then return text end
  local last = MAX_TEXT - #"..."
  while last > 0 and text:find("^[\x80-\xBF]", last + 1) do last = last - 1 end
  return text:sub(1, last) .. "..."
end

local function text_or_nil(v)
  if type(v) == "string" then return cut(v) end
  if type(v) == "number" then return tostring(v) end
  return nil
end

-- A code is a string, or an integer where it mirrors an upstream's status.
local function code_or_nil(v)
  if type(v) == "number" then return v end
  return text_or_nil(v)
end

-- One entry of the service's list, whatever it looks like.
local function entry_of(v)
  if type(v) ~= "table" then return { message = text_or_nil(v) } end
  return {
    code = code_or_nil(v.code),
    message = text_or_nil(v.message),
    field = text_or_nil(v.field),
    source = text_or_nil(v.source),
  }
end

-- The service's list of errors, and the message of an answer without one.
local function read_body(body)
  local value = base.json.decode(body)
  if type(value) ~= "table" then return {} end
  local list = value.errors
  if type(list) ~= "table" then return {}, text_or_nil(value.message) end
  local errors = {}
  for i, v in ipairs(list) do errors[i] = entry_of(v) end
  return errors, text_or_nil(value.message)
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
  local message
  err.errors, message = read_body(err.body)
  local first = err.errors[1] or { message = message }
  err.code = first.code or words_of(err.status)
  err.message = first.message or plain_message(err)
  err.field, err.source = first.field, first.source
end

-- Makes an error object of its fields; called by the C core.
local function new(err)
  if err.kind == "http" then read_answer(err) end
  if err.kind == "pagination" then err.status = nil end -- the page itself was good
  if err.body and #err.body > MAX_BODY then err.body = err.body:sub(1, MAX_BODY) end
  if err.message then err.message = cut(err.message) end
  err.errors = err.errors or {}
  for _, entry in ipairs(err.errors) do
    for name, text in pairs(entry) do
      if type(text) == "string" then entry[name] = cut(text) end
    end
  end
  local first = err.errors[1]
  if first and not err.message then
    err.code, err.message, err.field = first.code, first.message, first.field
  end
  return setmetatable(err, Error)
end

local function show(entry)
  local text = ("%s: %s"):format(entry.code or "error", entry.message or "no message")
  if entry.field and entry.field ~= "" then text = ("%s (field: %s)"):format(text, entry.field) end
  return text
end

local function show_all(err)
  if #err.errors < 2 then return show(err) end
  local shown = {}
  for i = 1, math.min(#err.errors, MAX_SHOWN) do shown[i] = show(err.errors[i]) end
  if #err.errors > MAX_SHOWN then shown[#shown + 1] = ("and %d more"):format(#err.errors - MAX_SHOWN) end
  return table.concat(shown, "; ")
end

-- One line that a person can act on.
function Error:__tostring()
  local what = self.kind == "http" and tostring(self.status) or self.kind
  local text = ("%s %s: %s %s"):format(self.method or "?", self.path or "?", what, show_all(self))
  local hint = advice_for(self)
  if hint then text = ("%s; %s"):format(text, hint) end
  return base.plain(text)
end

function Error.__concat(a, b)
  return tostring(a) .. tostring(b)
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
function methods:has(code)
  if code == nil then return false end
  if self.code == code then return true end
  for _, entry in ipairs(self.errors) do
    if entry.code == code then return true end
  end
  return false
end

local function is_error(v)
  return type(v) == "table" and getmetatable(v) == NAME
end

return { new = new, is_error = is_error }
