-- Operands that Lua can't take
playbook {
  name = "bad-operation", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain", wait = param.duration "How long" { default = "10m" }, times = param.integer "How often" { default = 2 } },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  if now() - started() > "10m" then finish("late") end -- expect: bad-operation @ now()
  local long = p.wait * 2 -- expect: bad-operation @ p.wait
  local sum = p.times * 2 + "3" + #p.domain
  local found = mail.inbound(p.domain)
  step("It is " .. found) -- expect: bad-operation @ found)
  step("It is " .. found.verdict .. (found.ok == true) .. tostring(found.ok) .. sum .. long)
  if p.domain < "m" and "a" >= p.domain then step "Early" end
  finish("done", "ok: " .. not found.ok) -- expect: bad-operation @ not
end
