#include "audit/commands/open_all.hpp"

#include <algorithm>

namespace lossaudit {

std::vector<AuditedSubject> open_all(const std::vector<std::string>& arguments) {
  std::vector<AuditedSubject> all;
  for (const std::string& argument : arguments) {
    if (std::ranges::count(arguments, argument) > 1) throw BadInput("subject '" + argument + "' is given twice");
    std::vector<std::unique_ptr<Subject>> opened = open_subjects(argument);
    const bool several = opened.size() > 1;
    for (std::unique_ptr<Subject>& subject : opened) {
      AuditedSubject audited;
      audited.argument = several ? argument + ":" + subject->name() : argument;
      audited.name = subject->name();
      // Two builds of one library say the same name.
      if (std::ranges::find(all, audited.name, &AuditedSubject::name) != all.end()) {
        audited.name += " (" + audited.argument + ")";
      }
      audited.subject = std::move(subject);
      all.push_back(std::move(audited));
    }
  }
  return all;
}

}  // namespace lossaudit
