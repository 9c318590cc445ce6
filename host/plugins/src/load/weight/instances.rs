//! How many instances a component is made of, counted as often as they are made: a component that makes another twice, which
//! makes a third twice, and so on, doubles their number at each step, and wasmtime lays all of them out.

use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind, ComponentTypeRef, Instance,
    Payload,
};

use super::LoadError;

/// The count, while a file is read from its start to its end.
#[derive(Default)]
pub(super) struct Instances {
    /// The components that are open, outermost first; a core module counts as one.
    open: Vec<Scope>,
    most: u64,
}

#[derive(Default)]
struct Scope {
    /// The instances that it is made of so far.
    made: u64,
    /// What each component that it knows by its number is made of.
    components: Vec<u64>,
    is_module: bool,
}

impl Instances {
    /// The most instances of any component so far.
    pub(super) fn most(&self) -> u64 {
        self.most
    }

    /// Count what comes next in the file.
    pub(super) fn take(&mut self, payload: &Payload<'_>) -> Result<(), LoadError> {
        match payload {
            Payload::Version { encoding, .. } => {
                let is_module = matches!(encoding, wasmparser::Encoding::Module);
                self.open.push(Scope { is_module, ..Scope::default() });
            }
            Payload::End(_) => self.close(),
            Payload::InstanceSection(section) => {
                for instance in section.clone() {
                    let made = matches!(instance.map_err(LoadError::invalid)?, Instance::Instantiate { .. });
                    self.make(u64::from(made));
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section.clone() {
                    if let ComponentInstance::Instantiate { component_index, .. } =
                        instance.map_err(LoadError::invalid)?
                    {
                        let of = self.component(0, component_index)?;
                        self.make(of.saturating_add(1));
                    }
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section.clone() {
                    self.alias(&alias.map_err(LoadError::invalid)?)?;
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    if matches!(import.map_err(LoadError::invalid)?.ty, ComponentTypeRef::Component(_)) {
                        return Err(passed_on());
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    if export.map_err(LoadError::invalid)?.kind == ComponentExternalKind::Component {
                        return Err(passed_on());
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self) {
        if let Some(closed) = self.open.pop()
            && !closed.is_module
            && let Some(outer) = self.open.last_mut()
        {
            outer.components.push(closed.made);
        }
    }

    fn make(&mut self, count: u64) {
        if let Some(scope) = self.open.last_mut() {
            scope.made = scope.made.saturating_add(count);
            self.most = self.most.max(scope.made);
        }
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>) -> Result<(), LoadError> {
        match alias {
            ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, count, index } => {
                let of = self.component(*count, *index)?;
                if let Some(scope) = self.open.last_mut() {
                    scope.components.push(of);
                }
                Ok(())
            }
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Component, .. } => Err(passed_on()),
            _ => Ok(()),
        }
    }

    /// What a component is made of, by its number in the scope so many outside of the innermost.
    fn component(&self, outside: u32, number: u32) -> Result<u64, LoadError> {
        let scope = self.open.iter().rev().nth(outside as usize);
        let of = scope.and_then(|scope| scope.components.get(number as usize));
        of.copied().ok_or_else(|| LoadError::Invalid("it makes an instance of what it does not have".to_owned()))
    }
}

/// What is imported and exported is only known once it is linked, so it cannot be counted beforehand. No toolchain does so.
fn passed_on() -> LoadError {
    LoadError::Invalid("a component in it imports or exports a component, and not an instance of one".to_owned())
}
