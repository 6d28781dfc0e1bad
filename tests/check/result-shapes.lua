-- Fields of results are texts, numbers, truths; what is no table has none
playbook {
  name = "result-shapes", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain", mode = param.choice "How" { "fast", "slow" } },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local answer = approve { "Go?", by = "team", deadline = "5m" }
  local chosen = ask { "Which?", by = "team", deadline = "5m", choices = { "mx-a", "mx-b" } }
  local got, mx, since = http.get("https://example.net/"), dns.mx(p.domain), now()
  local done = within("1m", function() return mail.inbound(p.domain) end)
  if answer.yes == "yes" then step "a" end -- expect: never-equal @ answer
  if answer.yes == true and answer.how == "approved" then step "b" end
  if got.status == "200" then step "c" end -- expect: never-equal @ got
  if got.status == 200 and got.ok == true then step "d" end
  if got.status > "400" then step "e" end -- expect: bad-operation @ got
  if mx.verdict == "up" then step "f" end -- expect: unknown-field @ verdict
  if done.verdict == "up" then step "g" end -- expect: bad-operation @ verdict
  if ago(since) > "15m" then step "h" end -- expect: duration-order @ ago
  if chosen.text == "mx-c" then step "i" end -- expect: unknown-verdict @ "mx-c"
  if chosen.text == "mx-a" or p.mode == "slow" then step "j" end
  local q = { "Which?", by = "team", deadline = "5m", choices = { "mx-a", "mx-b" } }
  q.choices = { "mx-a", "mx-c" }
  if ask(q).text == "mx-c" then step "m" end
  if p.mode == "fats" then step "k" end -- expect: unknown-verdict @ "fats"
  local own = mail.inbound(p.domain)
  own.ok = "of mine"
  if own.ok == "of mine" then finish("own") end
  finish("done")
end
