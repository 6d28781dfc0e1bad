-- A severity that there is none of
playbook {
  name = "word-severity", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finding("terrible", "mail", "is down") -- expect: bad-argument @ "terrible"
  finish("done", p.domain)
end
