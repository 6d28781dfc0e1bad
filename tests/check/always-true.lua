-- Answers and results that decide as a whole: a table is true, whatever it says
playbook {
  name = "always-true", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "zone.set_mx:{domain}" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local answer = approve { "Move it?", by = "lead", deadline = "10m" }
  if not answer then finish("declined") end -- expect: always-true @ answer
  if answer == "declined" then finish("declined") end -- expect: always-true @ answer
  if approve { "Sure?", by = "lead", deadline = "10m" } then step "Sure" end -- expect: always-true @ approve
  local seen = mail.inbound(p.domain)
  while seen do sleep("1m") end -- expect: always-true @ seen
  if p.domain ~= "example.com" and (seen) then step "Seen" end -- expect: always-true @ seen
  wait_until("10m", { every = "30s" }, function()
    return mail.inbound(p.domain) -- expect: always-true @ mail
  end)
  local found = wait_until("10m", { every = "30s" }, function()
    local inbound = mail.inbound(p.domain)
    return inbound.verdict ~= "inconclusive" and inbound
  end)
  if found and found.ok then step "Found" end
  local ended = wait_until("10m", { every = "30s" }, function() return mail.inbound(p.domain).ok end)
  if ended and answer.yes and seen.ok then step "Right" end
  zone.set_mx(p.domain, { { preference = 10, host = "mx.example.net" } })
  finish("done")
end
