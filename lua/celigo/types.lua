---@meta _
-- Types for editors (LuaLS): what celigo's functions take and return. No
-- program loads this file; spec/types_spec.lua holds it to the service's
-- contract and to the code.
-- luacheck: ignore 241 631

---@alias celigo.Id string an id of the service: opaque text, today 24 hexadecimal digits
---@alias celigo.Timestamp string ISO 8601 in UTC, such as `2026-12-31T00:00:00.000Z`
---@alias celigo.Email string an email address

--- JSON null. Any optional member of a body may be null, whatever its type: so
-- it counts as one of each.
---@class celigo.Null: string, integer, boolean, table

-- Records -----------------------------------------------------------------

-- Members that begin with "Reported." are in no contract: clients that others
-- have published use them. Any of them may be missing. What is sent
-- (`…Body`, `…Request`) and what is read are classes of their own: what was
-- read can be changed and put back.

--- What a connector is made of, when it is created or replaced. Read-only
-- members are left out of what is sent.
---@class celigo.ConnectorBody
---@field _id? celigo.Id Read-only. The connector's id.
---@field name string What users see it called.
---@field description? string What it does, in a few words.
---@field imageURL? string Its icon; often a path without a host.
---@field websiteURL? string Where to read more about it.
---@field contactEmail? celigo.Email Where its users find support; several addresses are separated by commas.
---@field handle? string Read-only. A short name that the service gives it.
---@field published? boolean Whether it is listed in the marketplace.
---@field managed? boolean Whether its owner keeps the installations up to date.
---@field _integrationId? celigo.Id The integration that installations are copies of.
---@field _stackId? celigo.Id The stack that runs its functions.
---@field installerFunction? string Function of the stack that installs it.
---@field updateFunction? string Function that brings an installation up to date.
---@field preUninstallFunction? string Function that is run before it is removed.
---@field uninstallerFunction? string Function that removes an installation.
---@field externalInstallerFunction? string Function that installs it from outside the service.
---@field lastModified? celigo.Timestamp Read-only. When it was last changed.
---@field _sharedImportIds? string[] Imports that all installations share.
---@field _sharedExportIds? string[] Exports that all installations share.
---@field _iClientIdMap? celigo.ClientMapEntry[] The OAuth clients for connections of each type.
---@field applications? string[] The applications that it connects.
---@field numInstalls? integer Read-only. How many installations there are.
---@field trialEnabled? boolean Whether users can try it; needs `trialPeriod` and `_trialLicenseId`.
---@field trialPeriod? integer How many days a trial lasts.
---@field _trialLicenseId? celigo.Id The license that trials are copies of.
---@field oAuthServerFlow? celigo.OAuthServerFlow How others get tokens for it.
---@field framework? string Reported. `twoDotZero` for the newer framework; empty or missing for the older one.
---@field twoDotZero? celigo.NewerFramework Reported. What a connector of the newer framework has in place of a stack and functions.

--- A connector that was read: an Integration App that its owner licenses to
-- others. It may hold members that no contract names; they survive being
-- written back.
---@class celigo.Connector: celigo.ConnectorBody
---@field _id celigo.Id Read-only. The connector's id.

--- The OAuth clients of one type of connection.
---@class celigo.ClientMapEntry
---@field _id? string|boolean The service's mark for it, often false.
---@field _iClientIds? string[] Ids of the OAuth clients.
---@field connection? celigo.ClientConnection What they are for.

---@class celigo.ClientConnection
---@field type? string The type of connection.

---@class celigo.OAuthServerFlow
---@field _iClientId? celigo.Id The OAuth client that asks for tokens.

--- What a connector of the newer framework is made of.
---@class celigo.NewerFramework
---@field _integrationId? celigo.Id Reported. The integration that installations are copies of.
---@field isParentChild? boolean Reported. Whether installations can have child installations.
---@field editions? celigo.Edition[] Reported. What a license's `_editionId` refers to.

---@class celigo.Edition
---@field _id? celigo.Id Reported. The edition's id.
---@field displayName? string Reported. What users see it called.
---@field order? integer Reported. Its place among the editions.

--- What a license is replaced by.
---@class celigo.LicenseBody
---@field _id? celigo.Id Read-only. The license's id.
---@field expires? celigo.Timestamp Until when it is good.
---@field created? celigo.Timestamp When it was made.
---@field opts? celigo.LicenseOptions What it includes.
---@field user? celigo.LicenseUser Whom it is for.
---@field _integrationId? celigo.Id The installation that uses it, once there is one.
---@field type? "connector"|"integrationApp"|"integrationAppChild" Reported. Of which kind it is.
---@field _connectorId? celigo.Id Reported. The connector that it is for.
---@field _parentId? celigo.Id Reported. Of a child license: its parent.
---@field _editionId? celigo.Id Reported. The edition, one of the connector's `twoDotZero.editions`.
---@field _changeEditionId? celigo.Id Reported. An upgrade that is on offer.
---@field sandbox? boolean Reported. Whether it is for a sandbox environment; chosen at creation only.
---@field trialEndDate? celigo.Timestamp Reported. Of a trial, which has no `expires`: when it ends.
---@field trialLicenseTemplate? boolean Reported. Whether trials are copies of it.
---@field resumable? boolean Reported. Whether an expired license can be taken up again.
---@field lastModified? celigo.Timestamp Reported. When it was last changed.

--- A license that was read: what allows one user to install a connector, and
-- until when.
---@class celigo.License: celigo.LicenseBody
---@field _id celigo.Id Read-only. The license's id.

---@class celigo.LicenseOptions
---@field connectorEdition? string The edition, such as `starter`.
---@field addonLicenses? celigo.AddonLicense[] What was bought beside it.

---@class celigo.AddonLicense
---@field type? string Of which sort the add-on is.
---@field licenses? celigo.AddonEdition[] One for each that was bought.

---@class celigo.AddonEdition
---@field addOnEdition? string The add-on's edition.
---@field addOnId? string Reported. The add-on, in licenses of the newer framework.

---@class celigo.LicenseUser
---@field email? celigo.Email The user's address; all that is known until they install.
---@field _id? celigo.Id The user's id.
---@field name? string The user's name.
---@field company? string Reported. The user's company.

--- What a new license is made of.
---@class celigo.LicenseCreateRequest
---@field email celigo.Email Of a user whom the service knows.
---@field expires celigo.Timestamp Until when it is good.
---@field opts celigo.LicenseOptions What it includes.
---@field type? "connector"|"integrationApp"|"integrationAppChild" Reported. Of which kind it is; then no member is required.
---@field _editionId? celigo.Id Reported. The edition, one of the connector's `twoDotZero.editions`.
---@field sandbox? boolean Reported. Whether it is for a sandbox environment.
---@field trialEndDate? celigo.Timestamp Reported. Of a trial, in place of `expires`.

--- Which installations an update goes to; all, if none is named.
---@class celigo.PushUpdateRequest
---@field _integrationIds? string[] Only these installations.

--- An installation: a row of the install base, joined to its license by
-- `_integrationId`. An update that was pushed shows as `updateInProgress`
-- until its function has ended; only then does `version` change.
---@class celigo.Installation
---@field _integrationId? celigo.Id Reported. The installation's id.
---@field name? string Reported. What it is called.
---@field email? celigo.Email Reported. Its user's address.
---@field sandbox? boolean Reported. Whether it is in a sandbox environment.
---@field version? string Reported. Which version is installed.
---@field updateInProgress? boolean Reported. Whether an update is under way.

--- What an installation is made with.
---@class celigo.InstallRequest
---@field sandbox? boolean Reported. Whether it goes to the sandbox environment.
---@field tag? string Reported. A word to tell it from others by.

-- Options -----------------------------------------------------------------

---@class celigo.RateLimit
---@field rate? number Requests per second; 300.
---@field burst? number Requests at once; 1000, or the rate where only that is given.

--- Options of `celigo.json.encode`.
---@class celigo.EncodeOptions
---@field sort? boolean Members by name, so that equal values are equal texts; false.
---@field indent? integer Spaces for each level, 0 to 16; 0, all on one line.

--- Any table with these two functions, such as `require "cjson"`.
---@class celigo.Codec
---@field encode fun(value: any, options?: any): string
---@field decode fun(text: string): any

--- Options of `celigo.new`.
---@class celigo.Options
---@field token? string|fun(): string?, string? Bearer token, or what returns it, or nil and a message; `$CELIGO_API_TOKEN`.
---@field region? "us"|"eu" Which of the two services; `us`.
---@field base_url? string Instead of a region; `$CELIGO_BASE_URL`.
---@field timeout? number Seconds for one call, all of it; in an iterator for each page; 60, or 360 where the service works long.
---@field connect_timeout? number Seconds to connect, TLS included; 10.
---@field max_retries? integer Further attempts after the first, of each page; 4.
---@field retry_base? number Seconds: the longest first backoff; 0.5.
---@field retry_cap? number Seconds: the longest backoff; 8.
---@field rate_limit? celigo.RateLimit|false Client-side limit; false for none.
---@field read_only? boolean True: everything but a GET is refused, and not sent; false.
---@field http2? boolean False: HTTP/1.1 only; true.
---@field max_connections? integer Connections to the host; 8.
---@field max_response_bytes? integer Of a body, decompressed; 64 MiB.
---@field max_request_bytes? integer Of a body that is sent; 64 MiB.
---@field ca_file? string Further trust anchors, PEM.
---@field proxy? string URL of a proxy; the environment's.
---@field user_agent? string Put before the library's own.
---@field validate? boolean Check bodies before they are sent; true.
---@field json? celigo.Codec Codec for bodies; `celigo.json`.
---@field on_event? fun(event: celigo.Event): boolean? Sees what happens; false vetoes a retry; `$CELIGO_LOG`.

--- Options of a single call.
---@class celigo.CallOptions
---@field timeout? number Seconds for all of the call; in an iterator for each page.
---@field max_retries? integer Further attempts after the first.
---@field validate? boolean Check the body before it is sent.
---@field headers? table<string, string|number|nil> Further headers.
---@field query? table<string, string|number|boolean|nil> Parameters of the query.
---@field follow? boolean False: no page but the first of a list.
---@field limit? integer Records on a page, sent as `?limit=`.
---@field dry_run? boolean True: send nothing, return what would be sent.

---@class celigo.IteratorOptions: celigo.CallOptions
---@field prefetch? boolean False: ask for a page only when the one before is consumed.

--- What `client:request` sends.
---@class celigo.Request: celigo.CallOptions
---@field method? "GET"|"POST"|"PUT"|"PATCH"|"DELETE" HTTP's; `GET`.
---@field path string Begins with `/`, may hold a query.
---@field body? any What is sent, as JSON.

--- What `client:each` and `client:pages` walk through.
---@class celigo.IteratorRequest: celigo.Request
---@field prefetch? boolean False: ask for a page only when the one before is consumed.

---@class celigo.MapOptions
---@field concurrency? integer How many at a time; 8.
---@field on_progress? fun(done: integer, total: integer) Called after each item.

-- What comes back ---------------------------------------------------------

--- What came with a value.
---@class celigo.Response
---@field status integer HTTP status.
---@field headers table<string, string> By name in lower case.
---@field attempts integer How many exchanges it took.
---@field elapsed number Seconds, from the call to its value.
---@field next_url? string The next page, where there is one.
---@field request_id? string The service's `X-Request-Id`.
---@field dropped? string[] Of `edit_*`: paths of members that were sent and did not come back.
---@field changed? string[] Of `edit_*`: paths of members that came back with another value.

--- What a dry run returns.
---@class celigo.DryRun
---@field method string HTTP's.
---@field url string With its query.
---@field headers table<string, string> By name in lower case; the token is masked.
---@field body? string What would be sent.

---@alias celigo.ErrorKind
---| "http" a status other than 2xx
---| "network" no connection, or one that broke
---| "timeout" the call's time was up
---| "decode" an answer that is no valid JSON, or not of the form that was wanted
---| "limit" an answer that is too large
---| "validation" a body that the contract does not allow; nothing was sent
---| "pagination" a next link that leads nowhere, or back
---| "cancelled" the call was ended by the program
---| "closed" the client is closed

--- One entry of the service's list of errors.
---@class celigo.ErrorEntry
---@field code? string|integer Such as `invalid_ref`; an integer mirrors an upstream's status.
---@field message? string In words.
---@field field? string Where in the document.
---@field source? string `application` or `connector`.

--- What a failed call returns beside nil.
---@class celigo.Error
---@field kind celigo.ErrorKind What sort of failure it is.
---@field status? integer HTTP status, for `http` and `decode`.
---@field code string|integer The first entry's, or one in words such as `timed_out`.
---@field message string The first entry's, or what went wrong.
---@field field? string The first entry's: where in the document.
---@field source? string The first entry's: `application` or `connector`.
---@field errors celigo.ErrorEntry[] The whole list; empty where there is none.
---@field method string HTTP's.
---@field path string Without its query.
---@field operation celigo.OperationName Of the method that was called.
---@field attempts integer How many exchanges there were.
---@field elapsed number Seconds.
---@field retryable boolean Whether the same call can succeed later.
---@field maybe_applied boolean Whether a failed write may have been done nevertheless.
---@field where? string `file:line` of the call in the caller's code.
---@field retry_after? number Seconds, where the service said so.
---@field body? string Of the answer, cut at 64 KiB.
---@field headers? table<string, string> Of the answer, by name in lower case.
---@field page? string Of an iterator: path and query to go on from.
local Error = {}

--- Whether any entry of the list, or the error itself, has a code.
---@param code string|integer
---@return boolean
function Error:has(code) end

---@alias celigo.EventType
---| "request" an attempt is sent
---| "response" it has been answered, or failed
---| "retry" there will be another one
---| "rate_limited" a 429 pauses the client
---| "page" a page of a list is there

---@class celigo.Event
---@field type celigo.EventType What happened.
---@field method string HTTP's.
---@field path string Without its query.
---@field operation celigo.OperationName Of the method that was called.
---@field page? integer Which page of a list or an iterator, from 1.
---@field attempt integer Which one, of that page or call, from 1.
---@field status? integer HTTP status of the answer.
---@field elapsed? number Seconds: of the exchange in `response`, since the call began in `retry` and `page`.
---@field wait? number Seconds until the next attempt.
---@field bytes? integer Of the body, as decoded.
---@field error? string What went wrong.

-- The client --------------------------------------------------------------

-- A second result is the error where the first is nil, and the response
-- otherwise. With `dry_run` what writes returns a celigo.DryRun.

---@alias celigo.OperationName
---| "list_connectors"
---| "create_connector"
---| "get_connector_by_id"
---| "update_connector"
---| "delete_connector"
---| "get_connector_install_base"
---| "push_connector_update"
---| "list_connector_licenses"
---| "create_connector_license"
---| "get_connector_license_by_id"
---| "update_connector_license"
---| "delete_connector_license"
---| "install_connector"
---| "preview_connector_install"
---| "request"

--- A client. Each method returns its value and a response, or nil and an
-- error object.
---@class celigo.Client: userdata
local Client = {}

--- Lists every connector of the account.
---@param options? celigo.CallOptions
---@return celigo.Connector[]? connectors
---@return celigo.Error|celigo.Response err
function Client:list_connectors(options) end

--- Creates a connector. It is never sent twice.
---@param connector celigo.ConnectorBody
---@param options? celigo.CallOptions
---@return celigo.Connector|celigo.DryRun|nil connector
---@return celigo.Error|celigo.Response err
function Client:create_connector(connector, options) end

--- Reads a connector.
---@param id celigo.Id
---@param options? celigo.CallOptions
---@return celigo.Connector? connector
---@return celigo.Error|celigo.Response err
function Client:get_connector_by_id(id, options) end

--- Replaces a connector: what is left out is gone.
---@param id celigo.Id
---@param connector celigo.ConnectorBody
---@param options? celigo.CallOptions
---@return celigo.Connector|celigo.DryRun|nil connector
---@return celigo.Error|celigo.Response err
function Client:update_connector(id, connector, options) end

--- Deletes a connector; its installations stay.
---@param id celigo.Id
---@param options? celigo.CallOptions
---@return true|celigo.DryRun|nil deleted
---@return celigo.Error|celigo.Response err
function Client:delete_connector(id, options) end

--- Lists every installation of a connector.
---@param id celigo.Id
---@param options? celigo.CallOptions
---@return celigo.Installation[]? installations
---@return celigo.Error|celigo.Response err
function Client:get_connector_install_base(id, options) end

--- Pushes an update to installations. That it has been pushed is not that it
-- is done: see `updateInProgress` in the install base. It is never sent twice.
---@param id celigo.Id
---@param body? celigo.PushUpdateRequest
---@param options? celigo.CallOptions
---@return true|table<string, any>|celigo.DryRun|nil result
---@return celigo.Error|celigo.Response err
function Client:push_connector_update(id, body, options) end

--- Lists every license of a connector.
---@param id celigo.Id
---@param options? celigo.CallOptions
---@return celigo.License[]? licenses
---@return celigo.Error|celigo.Response err
function Client:list_connector_licenses(id, options) end

--- Creates a license for a user of the service. It is never sent twice.
---@param id celigo.Id
---@param license celigo.LicenseCreateRequest
---@param options? celigo.CallOptions
---@return celigo.License|celigo.DryRun|nil license
---@return celigo.Error|celigo.Response err
function Client:create_connector_license(id, license, options) end

--- Reads a license.
---@param id celigo.Id
---@param license_id celigo.Id
---@param options? celigo.CallOptions
---@return celigo.License? license
---@return celigo.Error|celigo.Response err
function Client:get_connector_license_by_id(id, license_id, options) end

--- Replaces a license: what is left out is gone.
---@param id celigo.Id
---@param license_id celigo.Id
---@param license celigo.LicenseBody
---@param options? celigo.CallOptions
---@return celigo.License|celigo.DryRun|nil license
---@return celigo.Error|celigo.Response err
function Client:update_connector_license(id, license_id, license, options) end

--- Deletes a license.
---@param id celigo.Id
---@param license_id celigo.Id
---@param options? celigo.CallOptions
---@return true|celigo.DryRun|nil deleted
---@return celigo.Error|celigo.Response err
function Client:delete_connector_license(id, license_id, options) end

--- Installs a connector into the account of the token. It is never sent twice.
---@param id celigo.Id
---@param body? celigo.InstallRequest
---@param options? celigo.CallOptions
---@return table<string, any>|celigo.DryRun|nil result
---@return celigo.Error|celigo.Response err
function Client:install_connector(id, body, options) end

--- Shows what an installation would be made of; installs nothing.
---@param id celigo.Id
---@param options? celigo.CallOptions
---@return table<string, any>? preview
---@return celigo.Error|celigo.Response err
function Client:preview_connector_install(id, options) end

--- Sends any request of the API.
---@param request celigo.Request
---@return any value
---@return celigo.Error|celigo.Response err
function Client:request(request) end

--- Reads a connector, lets a function change it, and writes it back.
---@param id celigo.Id
---@param edit fun(connector: celigo.Connector): celigo.ConnectorBody|false|nil, string? Returns false, or nil and a message, to write nothing.
---@param options? celigo.CallOptions
---@return celigo.Connector|celigo.DryRun|nil connector
---@return celigo.Error|celigo.Response err
function Client:edit_connector(id, edit, options) end

--- Reads a license, lets a function change it, and writes it back.
---@param id celigo.Id
---@param license_id celigo.Id
---@param edit fun(license: celigo.License): celigo.LicenseBody|false|nil, string? Returns false, or nil and a message, to write nothing.
---@param options? celigo.CallOptions
---@return celigo.License|celigo.DryRun|nil license
---@return celigo.Error|celigo.Response err
function Client:edit_connector_license(id, license_id, edit, options) end

--- Every record of any list endpoint, one at a time.
---@param request celigo.IteratorRequest
---@return fun(): table<string, any>? next_record
function Client:each(request) end

--- Every page of any list endpoint.
---@param request celigo.IteratorRequest
---@return fun(): table<string, any>[]?, celigo.Response? next_page
function Client:pages(request) end

--- Every connector of the account, one at a time.
---@param options? celigo.IteratorOptions
---@return fun(): celigo.Connector? next_connector
function Client:each_connector(options) end

--- Every license of a connector, one at a time.
---@param id celigo.Id
---@param options? celigo.IteratorOptions
---@return fun(): celigo.License? next_license
function Client:each_connector_license(id, options) end

--- Every installation of a connector, one at a time.
---@param id celigo.Id
---@param options? celigo.IteratorOptions
---@return fun(): celigo.Installation? next_installation
function Client:each_connector_install(id, options) end

--- Calls a function for each item, several at a time.
---@generic Item, Result
---@param items Item[]
---@param f fun(item: Item): Result?, any
---@param options? celigo.MapOptions
---@return table<integer, Result> results by position
---@return table<integer, any> errors by position
function Client:map(items, f, options) end

--- Calls several functions at the same time.
---@param ... fun(): any, any
---@return any ... the first value of each, then a table of errors or nil
function Client:gather(...) end

--- Starts a call and returns at once.
---@param name celigo.OperationName
---@param ... any the method's arguments
---@return celigo.Call
function Client:submit(name, ...) end

--- Lets submitted calls progress, and waits for that at most so long.
---@param seconds? number
---@return integer unfinished
function Client:step(seconds) end

--- Ends what is under way and frees connections.
function Client:close() end

--- A call that has been submitted. Dropping it cancels it.
---@class celigo.Call: userdata
local Call = {}

--- Whether it has ended.
---@return boolean
function Call:done() end

--- What it has come to; raises where it is not done.
---@return any value
---@return celigo.Error|celigo.Response err
function Call:result() end

--- Waits until it is done.
---@return any value
---@return celigo.Error|celigo.Response err
function Call:wait() end

--- Ends it now.
function Call:cancel() end

--- Whether whoever waits for it has something to do: for schedulers.
---@return boolean
function Call:ready() end

-- Modules -----------------------------------------------------------------

---@class celigo.json: celigo.Codec
---@field null celigo.Null JSON null.
local json = {}

--- Decodes a JSON text.
---@param text string
---@return any value
---@return string? message where and why it is not valid
function json.decode(text) end

--- Encodes a value as a JSON text.
---@param value any
---@param options? celigo.EncodeOptions
---@return string? text
---@return string? message which value cannot be encoded, and why
function json.encode(value, options) end

--- `require "celigo"`
---@class celigo
---@field _VERSION string Name and version.
---@field json celigo.json
---@field null celigo.Null JSON null; the same as `cjson.null`.
local celigo = {}

--- Makes a client.
---@param options? celigo.Options
---@return celigo.Client
function celigo.new(options) end

--- Marks a table as a JSON array, even when it is empty.
---@generic T: table
---@param t T
---@return T
function celigo.array(t) end

--- Marks a table as a JSON object, even when it is empty.
---@generic T: table
---@param t T
---@return T
function celigo.object(t) end

--- Tells error objects from all other values.
---@param v any
---@return boolean
function celigo.is_error(v) end

--- Lua's `assert`, but it raises `tostring(err)`, a string.
---@generic T
---@param value? T
---@param err? any
---@param ... any
---@return T
---@return any ...
function celigo.assert(value, err, ...) end

--- Writes a point in time as the service does.
---@param seconds number
---@return celigo.Timestamp
function celigo.timestamp(seconds) end

--- Reads a date-time.
---@param text string
---@return number? seconds since 1970
---@return string? message what is wrong with the text
function celigo.parse_timestamp(text) end

--- Makes an `on_event` that writes one JSON line for each event.
---@param file file*
---@return fun(event: celigo.Event)
function celigo.log(file) end

--- Options of `serve` and `start` of the sandbox.
---@class celigo.SandboxOptions
---@field host? string Where to listen; 127.0.0.1.
---@field port? integer 0 takes a free one; 8090, 0 for `start`.
---@field seed? boolean|integer|celigo.SandboxSeed The records to begin with, or how many connectors; true.
---@field token? string|string[] What is accepted; almost anything.
---@field page_size? integer Records on a page where no limit is sent; 100.
---@field empty_list_status? 200|204 For lists without records; 204.
---@field link_base? string Scheme and host of next links.
---@field gzip? boolean Whether answers may be compressed; true.
---@field rate_limit? celigo.RateLimit|false 429 beyond that; false.
---@field delay? number Seconds before each answer; 0.
---@field faults? celigo.SandboxRule[] Requests that fail.
---@field update_seconds? number How long an update that was pushed takes; 1.
---@field updates? table<celigo.Id, "failed"|"stuck"> Updates that fail or never end, by `_integrationId`.
---@field max_requests? integer On one connection.
---@field idle_timeout? number Seconds until an unused connection is closed; 60.
---@field log? boolean One line for each request on the standard error; false.
---@field journal? boolean Keep the requests for `journal()`; true.
---@field lua? string The interpreter to use, for `start`.

--- How many records a sandbox begins with.
---@class celigo.SandboxSeed
---@field connectors? integer How many connectors; 4.
---@field installs? integer At least so many on each connector that is in use.

--- A rule for requests that fail.
---@class celigo.SandboxRule
---@field operation? string The method's name or the operationId; any.
---@field after? integer So many matching requests pass first; 0.
---@field times? integer|false So many are hit, false for all; 1.
---@field status? integer The answer's.
---@field code? string|integer In the service's list of errors.
---@field message? string In the service's list of errors.
---@field retry_after? number|string Seconds, or a date of HTTP.
---@field body? string The answer's, as it is.
---@field delay? number Seconds before the answer.
---@field close? "before"|"head"|"body" Where the connection ends.
---@field applied? boolean Whether the work is done before the failure; false.
---@field drop? string[] Members that a write leaves out in silence.

--- A request that a sandbox has received.
---@class celigo.SandboxRequest
---@field method string HTTP's.
---@field target string Path and query, as they came.
---@field path string Without its query.
---@field query string Without the question mark.
---@field headers table<string, string> By name in lower case.
---@field raw_headers string[][] Pairs, as they came.
---@field body string As it came.
---@field connection integer Which connection it came by, from 1.
---@field operation celigo.OperationName The method that makes such requests.
---@field applied boolean Whether a write was done.
---@field status? integer What was answered; nil where the answer was cut.

--- A sandbox in a process of its own.
---@class celigo.SandboxProcess
---@field url string Where it listens.
---@field port integer
---@field token string One that it accepts.
---@field pid integer
local SandboxProcess = {}

--- Arms a rule for requests that fail; raises where it is wrong.
---@param rule celigo.SandboxRule
function SandboxProcess:fault(rule) end

--- Brings the first state back: records, ids, rules; forgets the journal.
function SandboxProcess:reset() end

--- The requests received.
---@return celigo.SandboxRequest[] requests
function SandboxProcess:journal() end

--- Ends it and waits until it is gone.
function SandboxProcess:stop() end

--- `require "celigo.sandbox"`
---@class celigo.sandbox
local sandbox = {}

--- Serves in this process until Ctrl-C.
---@param options? celigo.SandboxOptions
function sandbox.serve(options) end

--- Starts a sandbox in a child process.
---@param options? celigo.SandboxOptions
---@return celigo.SandboxProcess
function sandbox.start(options) end

--- What an adapter gives `celigo.loop`: its functions for one client.
---@class celigo.LoopBackend
---@field watch fun(fd: integer, events: "r"|"w"|"rw", ready: fun(gone?: any)): any Returns a watcher.
---@field unwatch fun(watcher: any) Never again.
---@field timer fun(seconds: number?) Calls `turn` once, then; nil for never.
---@field park fun(): (fun(value: any): any)?, fun()? How the running coroutine waits, and is woken.
---@field close fun() Gives the loop's resources back.

--- `require "celigo.loop"`
---@class celigo.loop
local loop = {}

--- Makes the function that attaches clients to a loop.
---@param name string The loop's, for messages.
---@param new_backend fun(turn: fun(), ...: any): celigo.LoopBackend
---@return fun(client: celigo.Client, ...: any): celigo.Client attach
function loop.adapter(name, new_backend) end

--- `require "celigo.loop.luv"`
---@class celigo.loop.luv
local luv = {}

--- Attaches a client to the state's luv loop: a call in a coroutine gives way.
---@param client celigo.Client
---@return celigo.Client client the same
function luv.attach(client) end

--- `require "celigo.loop.cqueues"`
---@class celigo.loop.cqueues
local cqueues = {}

--- Attaches a client to the controllers that its callers run in.
---@param client celigo.Client
---@param controller? any where calls that are submitted outside of any progress
---@return celigo.Client client the same
function cqueues.attach(client, controller) end
