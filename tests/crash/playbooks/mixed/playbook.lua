-- SPDX-License-Identifier: MIT
-- Parallel tasks that share a log whose digest is an argument of every act: a replay that interleaves
-- differently is caught as another digest, a repeated act as a doubled line of the ledger.
playbook {
  name = "mixed", version = "1.0.0", owner = "tests", summary = "Acts, probes and timers in every block",
  may_change = { "ledger.append" }, params = {}, changelog = { ["1.0.0"] = "." },
}
local log, digest = {}, 7
local function note(...)
  local text = table.concat({ ... }, ":")
  log[#log + 1] = text
  for i = 1, #text do digest = (digest * 31 + text:byte(i)) % 1000000007 end
end
local function act(name)
  ledger.append(name .. " " .. digest)
  note(name)
end
local function worker(id)
  for n = 1, 4 do
    note(id, n, ledger.look(id * n).what)
    if n % 2 == 0 then act("worker" .. id) end
    if math.random(3) == 1 then sleep(math.random(3) .. "ms") end
  end
  return id * 10
end
function main()
  step "Parallel"
  local sums = parallel { a = function() return worker(1) end, b = function() return worker(2) end, c = function() return worker(3) end }
  step "Race"
  local first = race { function() act("racer") return "acted" end, function() sleep("1ms") return "late" end }
  note("race", first)
  local done = within("2ms", function() for i = 1, 5 do note("slow", ledger.look(i).what) end end)
  note("within", tostring(done))
  step "Retry"
  note("retry", retry({ times = 4, backoff = "1ms..4ms" }, function(n)
    if math.random(2) == 1 and n < 4 then error("again") end
    act("retried")
    return n
  end))
  step "Wait"
  local looks = 0
  wait_until("200ms", { every = "3ms", stable = 2, meanwhile = { every = "4ms", function() note("meanwhile") end } }, function()
    looks = looks + 1
    return looks > 2
  end)
  each({ 1, 2, 3, 4, 5, 6 }, { limit = 3 }, function(x) act("each" .. x) end)
  for key, value in pairs(sums) do note(key, value) end
  act("last")
  finish("done", #log .. " " .. digest)
end
