package mpy6a

import "mpy6a/internal/wire"

// Setting is the value of a setting in the config's [kind.plugin.settings]. One that is missing gives an error that is
// permanent and names the remedy. A change of the config reaches the next run.
func (r *Repeat) Setting(key string) (string, error) {
	value, found, err := r.LookupSetting(key)
	if err == nil && !found {
		err = Permanentf("the setting `%s` is missing: add it to [kind.plugin.settings] of this kind", key)
	}
	return value, err
}

// LookupSetting is Setting for one that may be missing, as os.LookupEnv is for the environment.
func (r *Repeat) LookupSetting(key string) (value string, found bool, err error) {
	value, found, err = r.host.Setting(key)
	if err != nil {
		return "", false, Retryf("reading the setting `%s`: %w", key, err)
	}
	return value, found, nil
}

// Settings are all settings.
func (r *Repeat) Settings() (map[string]string, error) {
	pairs, err := r.host.Settings()
	if err != nil {
		return nil, Retryf("reading the settings: %w", err)
	}
	return byName(pairs), nil
}

func byName(pairs []wire.Pair) map[string]string {
	values := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		values[pair.Name] = pair.Value
	}
	return values
}
