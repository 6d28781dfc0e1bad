-- SPDX-License-Identifier: MIT
-- The words of the language, over the primitives of lua/bind.c and engine/task.c. It runs once per run
-- and is kept in the run's bundle, so that a resumed run has the words it began with. Frames in here
-- never count as "the source line": errors and journal rows name the playbook's own line.
local prim, env = ...
local spawn, wait_any, status, cancel = prim.spawn, prim.wait_any, prim.status, prim.cancel
local call, gate, note, misuse = prim.call, prim.gate, prim.note, prim.misuse
local ipairs, pairs, type, error, pcall = env.ipairs, env.pairs, env.type, env.error, env.pcall
local tostring, math, string, utf8 = env.tostring, env.math, env.string, env.utf8

-- --- arguments ---------------------------------------------------------------------------------

-- "90s", "15m", "2h", "45d" or seconds → milliseconds.
local function duration(value, word)
  local ms = prim.duration(value)
  if ms then return ms end
  misuse(word .. ' takes a duration like "90s", "15m", "2h" or "45d", got ' .. tostring(value))
end

local function expect(kind, value, what)
  if type(value) ~= kind then misuse(what .. " takes a " .. kind .. ", got " .. type(value)) end
  return value
end

local function whole(value, what)
  if math.type(value) ~= "integer" or value < 1 then misuse(what .. " takes a whole number from 1, got " .. tostring(value)) end
  return value
end

-- Seconds since 1970, or an amount of them, in milliseconds.
local function moment(value, word)
  if type(value) == "number" and value >= 0 and value < 1e12 then return math.floor(value * 1000) end
  misuse(word .. " takes a time in seconds, got " .. tostring(value))
end

-- What went wrong, as a text that can be journaled whatever it was.
local function said(err)
  local why = err
  if type(err) == "table" then
    local ok, value = pcall(function() return err.why end)
    why = ok and value or "an error without a reason"
  end
  why = tostring(why)
  if not utf8.len(why) then return "an error that is not UTF-8 text" end
  return #why > 1000 and string.sub(why, 1, utf8.offset(why, 0, 1000) - 1) .. "..." or why
end

-- Options are strict: a misspelt one is an error, never ignored.
local function options(value, known, word)
  if value == nil then return {} end
  expect("table", value, word .. "'s options")
  for key in pairs(value) do
    if type(key) == "string" and not known[key] then
      local names = {}
      for name in pairs(known) do names[#names + 1] = name end
      misuse(word .. ' has no option "' .. key .. '": it takes ' .. env.table.concat(names, ", "))
    end
  end
  return value
end

-- --- story -------------------------------------------------------------------------------------

function env.step(title) note("step", { title = expect("string", title, "step") }) end

function env.evidence(what, value) note("evidence", { what = expect("string", what, "evidence"), value = value }) end

local severities = { info = true, warn = true, high = true, critical = true }
function env.finding(severity, what, message)
  if not severities[severity] then misuse('finding takes "info", "warn", "high" or "critical" first') end
  note("finding", { severity = severity, what = expect("string", what, "finding"), message = tostring(message or "") })
end

function env.milestone(name, at)
  local ms = prim.now_ms()
  if at ~= nil then ms = moment(at, "milestone's time") end
  note("milestone", { name = expect("string", name, "milestone"), at = ms })
end

-- finish and fail end the run wherever they stand.
function env.finish(result, why)
  note("finish", { result = expect("string", result, "finish"), why = why ~= nil and tostring(why) or "" })
end

function env.fail(why) note("fail", { why = why ~= nil and tostring(why) or "no reason given" }) end

function env.need(result, why)
  expect("table", result, "need")
  if result.ok then return result end
  local reason = result.why and tostring(result.why) or "no reason given"
  env.fail(why and (tostring(why) .. ": " .. reason) or reason)
end

-- --- time --------------------------------------------------------------------------------------

-- A primitive, so that a task that waits keeps no frame of ours; what it can't read is complained of here.
env.sleep = prim.sleeper(function(d) duration(d, "sleep") end)
function env.now() return prim.now_ms() // 1000 end
function env.started() return prim.started_ms() // 1000 end

function env.seconds(d) return duration(d, "seconds") // 1000 end

function env.ago(t)
  local ms = prim.now_ms() - moment(t, "ago")
  return prim.duration_text(ms > 0 and ms or 0)
end

-- --- flow --------------------------------------------------------------------------------------

local function result_of(task)
  local state, value = status(task)
  if state == "failed" then error(value, 0) end
  return value
end

-- Waits until every task ended; the first failure cancels the rest and is raised.
local function join(tasks)
  local open = {}
  for i, task in ipairs(tasks) do open[i] = task end
  while #open > 0 do
    local i = wait_any(open)
    local state, value = status(open[i])
    env.table.remove(open, i)
    if state == "failed" then
      for _, other in ipairs(open) do cancel(other) end
      error(value, 0)
    end
  end
end

-- All or none: a block that can't be opened leaves nothing running behind its error.
local function spawn_all(functions, word)
  local keys, tasks = {}, {}
  for key, fn in pairs(functions) do
    expect("function", fn, word .. "'s " .. tostring(key))
    keys[#keys + 1] = key
  end
  for i, key in ipairs(keys) do
    local ok, task = pcall(spawn, functions[key])
    if not ok then
      for _, other in ipairs(tasks) do cancel(other) end
      misuse(task)
    end
    tasks[i] = task
  end
  return keys, tasks
end

function env.parallel(functions)
  local results = {}
  local keys, tasks = spawn_all(expect("table", functions, "parallel"), "parallel")
  join(tasks)
  for i, key in ipairs(keys) do results[key] = result_of(tasks[i]) end
  return results
end

local function race(functions)
  local keys, tasks = spawn_all(functions, "race")
  local first = wait_any(tasks)
  for i, task in ipairs(tasks) do if i ~= first then cancel(task) end end
  return keys[first], result_of(tasks[first])
end

function env.race(functions)
  expect("table", functions, "race")
  for _ in pairs(functions) do return race(functions) end
  misuse("race needs at least one function")
end

function env.within(d, fn)
  local ms = duration(d, "within")
  expect("function", fn, "within")
  local winner, value = race { fn, function() prim.timer(ms) end }
  if winner == 1 then return true, value end
  return false
end

function env.each(list, opts, fn)
  if fn == nil then opts, fn = nil, opts end
  expect("table", list, "each")
  expect("function", fn, "each")
  local limit = options(opts, { limit = true }, "each").limit or 8
  whole(limit, "each's limit")
  local at, results, workers = 0, {}, {}
  local function work()
    while at < #list do
      at = at + 1
      local mine = at
      local value = fn(list[mine], mine)
      results[mine] = value == nil and true or value
    end
  end
  for i = 1, math.min(limit, #list) do workers[i] = work end
  local _, tasks = spawn_all(workers, "each")
  join(tasks)
  return results
end

local function meanwhile(opts)
  options(opts, { every = true }, "meanwhile")
  local ms, fn = duration(opts.every, "meanwhile's every"), expect("function", opts[1], "meanwhile")
  return spawn(function()
    while true do
      prim.timer(ms)
      local ok, err = pcall(fn)
      if not ok then note("tell", { text = "meanwhile: " .. said(err) }) end
    end
  end)
end

function env.wait_until(d, opts, condition)
  if condition == nil then opts, condition = nil, opts end
  local total = duration(d, "wait_until")
  expect("function", condition, "wait_until")
  local o = options(opts, { every = true, stable = true, meanwhile = true }, "wait_until")
  local every, stable = duration(o.every or "30s", "wait_until's every"), o.stable or 1
  whole(stable, "wait_until's stable")
  local deadline, good = prim.now_ms() + total, 0
  local beside = o.meanwhile and meanwhile(o.meanwhile)
  while true do
    local ok, value = pcall(condition)
    if not ok then
      if beside then cancel(beside) end
      error(value, 0)
    end
    good = value and good + 1 or 0
    if stable > 1 then note("tell", { text = "stable " .. good .. "/" .. stable }) end
    local left = deadline - prim.now_ms()
    if good >= stable or left <= 0 then
      if beside then cancel(beside) end
      return good >= stable and value
    end
    prim.timer(math.min(every, left)) -- the last test is made at the deadline, never before it
  end
end

function env.retry(opts, fn)
  local o = options(opts, { times = true, backoff = true }, "retry")
  local times = whole(o.times or 3, "retry's times")
  expect("function", fn, "retry")
  local first, last = string.match(tostring(o.backoff or "1s..30s"), "^(%w+)%.%.(%w+)$")
  if not first then misuse('retry\'s backoff is written "10s..2m"') end
  local wait, most = duration(first, "retry's backoff"), duration(last, "retry's backoff")
  for attempt = 1, times do
    local ok, value = pcall(fn, attempt)
    if ok then return value end
    if attempt == times then error(value, 0) end
    note("tell", { text = "attempt " .. attempt .. " of " .. times .. " failed: " ..
                          said(value) })
    prim.timer(wait)
    wait = math.min(wait * 2, most)
  end
end

-- --- people ------------------------------------------------------------------------------------

-- What is shown may be a list with a named `change` in it; in the journal these are two things.
local function shown(show)
  if show == nil then return nil end
  local out, items = {}, {}
  for key, value in pairs(expect("table", show, "show")) do
    if type(key) == "number" then items[#items + 1] = value else out[key] = value end
  end
  if #items > 0 then out.items = items end
  return out
end

-- What all questions have: who is asked, for how long, who then, reminded how, and what is shown.
local function question(word, o, more)
  local known = { by = true, deadline = true, then_ask = true, remind = true, show = true }
  for key in pairs(more) do known[key] = true end
  options(o, known, word)
  expect("table", o, word)
  if o[2] ~= nil then misuse(word .. " takes one question, got a second: " .. tostring(o[2])) end
  local q = { title = expect("string", o[1], word .. "'s question"), by = expect("string", o.by, word .. "'s by"), show = shown(o.show) }
  if q.title == "" or q.by == "" then misuse(word .. " needs a question and who is asked (by)") end
  if o.deadline ~= nil then
    q.deadline_ms = duration(o.deadline, word .. "'s deadline")
    if q.deadline_ms == 0 then misuse(word .. "'s deadline is over before anybody is asked") end
  end
  if o.then_ask ~= nil then
    q.then_ask = expect("string", o.then_ask, word .. "'s then_ask")
    if not q.deadline_ms then misuse(word .. "'s then_ask needs a deadline: without one the next is never asked") end
  end
  if o.remind == false then q.remind_ms = 0
  elseif o.remind ~= nil then
    q.remind_ms = duration(o.remind, word .. "'s remind")
    if q.remind_ms < 1000 then misuse(word .. "'s remind is an interval of a second or more, or false") end
  end
  return q
end

function env.approve(o)
  local q = question("approve", o, { quorum = true, no_self = true })
  q.quorum = o.quorum ~= nil and whole(o.quorum, "approve's quorum") or nil
  if o.no_self ~= nil then q.no_self = expect("boolean", o.no_self, "approve's no_self") end
  return gate("approve", q)
end

-- A step that a person does: done (with a remark as reason), declined (it can't be done) or expired.
function env.todo(o) return gate("todo", question("todo", o, {})) end

local most_choices, longest_choice = 20, 200
local function choices_of(list)
  local out, seen = {}, {}
  for _, choice in ipairs(expect("table", list, "ask's choices")) do
    if type(choice) ~= "string" or choice == "" or #choice > longest_choice then
      misuse("ask's choices are texts of 1 to " .. longest_choice .. " octets, got " .. tostring(choice))
    end
    local folded = string.lower(choice)
    if seen[folded] then misuse('ask has the choice "' .. choice .. '" twice') end
    seen[folded] = true
    out[#out + 1] = choice
  end
  if #out < 2 or #out > most_choices then misuse("ask takes 2 to " .. most_choices .. " choices, got " .. #out) end
  return out
end

-- For a choice, or for any text without choices: answer.text. With `default` an expired question has that as text.
function env.ask(o)
  local q = question("ask", o, { choices = true, default = true })
  if o.choices ~= nil then q.choices = choices_of(o.choices) end
  if o.default ~= nil then
    q.default = expect("string", o.default, "ask's default")
    local known = not q.choices
    for _, choice in ipairs(q.choices or {}) do known = known or choice == q.default end
    if not known then misuse('ask\'s default "' .. q.default .. '" is none of its choices') end
    if not q.deadline_ms then misuse("ask's default needs a deadline: without one it never counts") end
  end
  return gate("ask", q)
end

-- Tells one person or team; with ack_within it waits until somebody of them takes it, and returns who.
function env.page(who, template, vars, opts)
  local o = options(opts, { ack_within = true }, "page")
  if not o.ack_within then return call("page", who, template, vars) end
  local ms = duration(o.ack_within, "page's ack_within")
  -- The gate is opened before the message leaves: an answer is never too early.
  local waiting = spawn(function()
    local about = type(vars) == "table" and (vars.domain or vars.host)
    return gate("ack", { title = template .. (type(about) == "string" and ": " .. about or ""), by = who, deadline_ms = ms })
  end)
  local ok, err = pcall(call, "page", who, template, vars, { footer = "Take it: muster ack " .. prim.run_name() })
  if not ok then
    cancel(waiting)
    error(err, 0)
  end
  wait_any { waiting }
  local answer = result_of(waiting)
  if answer and answer.yes then return answer.by end
end

function env.escalate(ladder, template, vars)
  local found = call("notify.ladder", ladder)
  if not found.ok then misuse("escalate: " .. tostring(found.why)) end
  for _, rung in ipairs(found.rungs) do
    local ok, who = pcall(env.page, rung.who, template, vars, { ack_within = rung.ack_within })
    if ok and who then return who end
    if not ok then note("tell", { text = "could not reach " .. rung.who .. ": " .. said(who) }) end
  end
end

-- undo "title" names the undo of the next act; undo(title, verb, ...) replaces it.
function env.undo(title, verb, ...)
  local value = { title = expect("string", title, "undo") }
  if verb ~= nil then
    value.verb = prim.verb_of(verb) or misuse("undo takes a verb such as zone.set second, not a " .. type(verb))
    value.args = { ... }
  end
  note("undo", value)
end

-- --- libraries ---------------------------------------------------------------------------------

env.use = prim.use

-- --- start -------------------------------------------------------------------------------------

-- It can change nothing, whoever looks. An error in it ends the run, and the looking with it.
local function look(detect, params)
  prim.looking(true)
  local sample = detect and detect(params)
  if type(sample) ~= "table" then sample = { ok = true } end
  if sample[1] ~= nil then misuse("detect returned a list: return one table with a verdict, or what a probe gives") end
  sample.at = env.now()
  prim.looking(false, sample)
  return sample
end

local health = { up = "good", down = "bad", rejecting = "bad" } -- as serve/hysteresis.c has it
local MOST_LOOKS = 10                                           -- times confirm: then it is not found

-- In a drill nobody watches: the run does what muster serve would have done until it starts one.
local function watch_for(detect, params, watch)
  local row, looks = {}, 0
  while true do
    local sample = look(detect, params)
    local found = health[sample.verdict]
    looks = looks + 1
    if found == "good" then row = {} elseif found == "bad" then row[#row + 1] = sample end
    if #row >= watch.confirm then
      env.milestone "confirmed"
      return row
    end
    if looks >= MOST_LOOKS * watch.confirm then return { sample } end
    prim.timer(watch.every_ms)
  end
end

-- A run started by hand looks once itself, so that `samples` is never empty.
return function(main, detect, params, samples, watch)
  if not samples or #samples == 0 then
    if detect then env.step(watch and "Detection" or "First look") end
    samples = detect and watch and watch_for(detect, params, watch) or { look(detect, params) }
  end
  samples.first, samples.last = samples[1], samples[#samples]
  return main(params, samples)
end
