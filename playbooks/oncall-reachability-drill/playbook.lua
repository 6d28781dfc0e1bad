-- SPDX-License-Identifier: MIT
playbook {
  name = "oncall-reachability-drill", version = "1.0.0", owner = "mail-platform",
  summary = "Page everybody on call in turn, see who acknowledges and how soon, and tell the owner.",
  may_change = { "page", "notify" },
  exclusive  = "drill:{ladder}",                                -- nobody is paged by two drills at once
  params = {
    ladder     = param.string   "The ladder, team or person that is tried" { default = "mail-oncall" },
    ack_within = param.duration "How long each has to acknowledge" { default = "5m" },
    target     = param.duration "Who takes longer than that is named as slow" { default = "2m" },
    pause      = param.duration "Between two of them" { default = "10s" },
    tell       = param.string   "Who gets the summary" { default = "mail-platform" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

-- {who, state, text, took_s}: what came of paging one person.
local function try(p, who)
  local began = now()
  local paged, taken = pcall(function()
    return page(who, "drill-page", { ack_within = p.ack_within }, { ack_within = p.ack_within })
  end)
  local took_s = now() - began
  if not paged then
    local why = tostring(taken.why or taken)
    finding("critical", who, "no message got through: " .. why)
    return { who = who, state = "unreachable", text = "no message got through: " .. why }
  elseif not taken then
    finding("high", who, "did not acknowledge within " .. p.ack_within)
    return { who = who, state = "silent", text = "did not acknowledge within " .. p.ack_within }
  elseif took_s > seconds(p.target) then
    finding("warn", who, "acknowledged after " .. ago(began) .. ", the target is " .. p.target)
    return { who = who, state = "slow", text = "acknowledged after " .. ago(began) .. " (target " .. p.target .. ")", took_s = took_s }
  end
  return { who = who, state = "answered", text = "acknowledged after " .. ago(began), took_s = took_s }
end

function main(p)
  step "Who is on call?"
  local found = need(notify.ladder(p.ladder, { people = true }), p.ladder .. " can't be paged")
  if #found.rungs == 0 then fail("nobody is in " .. p.ladder) end

  local results, missed = {}, {}
  for i, rung in ipairs(found.rungs) do
    if i > 1 then sleep(p.pause) end
    step("Page " .. rung.who)
    results[i] = try(p, rung.who)
    if not results[i].took_s then missed[#missed + 1] = rung.who end
  end
  evidence("reachability of " .. p.ladder, results)

  step "Tell the owner"
  notify(p.tell, "drill-summary", { ladder = p.ladder, results = results, tried = #results, answered = #results - #missed,
                                    missed = table.concat(missed, ", ") })
  if #missed > 0 then finish("not_all_answered", table.concat(missed, ", ") .. " of " .. p.ladder .. " did not answer") end
  finish("all_answered", #results .. " of " .. p.ladder)
end
