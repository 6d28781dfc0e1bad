-- A template nobody sends
playbook {
  name = "template-unused", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.domain)
end

--[==[ templates/down.md
{{! expect: unused-template @ {{ }}
{{host}} is down
]==]
