/** Who signs. */

interface SignerFieldProps {
  value: string;
  onChange: (signer: string) => void;
  testId: string;
  autofocus?: boolean;
}

export function SignerField({ value, onChange, testId, autofocus = false }: SignerFieldProps) {
  return (
    <label class="field">
      Your name
      <input
        class="text-field"
        autocomplete="name"
        maxLength={200}
        data-testid={testId}
        autofocus={autofocus}
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    </label>
  );
}
