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
  if p.wait > "15m" or "1h" <= p.wait then step "Long" end -- expect: duration-order @ p.wait > -- expect: duration-order @ "1h"
  if seconds(p.wait) > seconds "15m" and p.wait ~= "15m" and #p.wait > 2 then step "Long" end
  if p.times == "3" or p.domain ~= 3 then step "Never" end -- expect: never-equal @ p.times -- expect: never-equal @ p.domain
  if tostring(p.times) == "3" and p.times ~= nil and tonumber(p.domain) == 3 then step "Three" end
  step("It is " .. -p.wait) -- expect: bad-operation @ p.wait
  step("It is " .. #p.times) -- expect: bad-operation @ p.times
  step("It is " .. -p.times .. -found.code)
  p.wait() -- expect: bad-operation @ p.wait
  finish("done", "ok: " .. not found.ok) -- expect: bad-operation @ not
end
